import { answerFirstBoot, type FirstBootRecord } from '../guest/boot/first-boot.ts'
import type { GuestLink } from '../guest/guest.ts'
import type { Vm } from '../vmm/vmm.ts'
import { asksAtBoot } from './initrd.ts'
import type { RunStore } from './run-store.ts'

/** A guest asks within seconds of its reset; nobody holds the port for longer, which `wake` uses too. */
const askedWithinMs = 120_000

/**
 * Answers a VM's guest about the work of its lineage's first boot: at its present boot, while that work is due, and at each reboot from inside, since that begins with the same
 * configuration. Not for a VM that sleeps: it is woken over the same port. `found`: the link of a VM that an earlier server started.
 */
export function attendFirstBoot(vm: Vm, store: RunStore, machine: string, found?: Pick<GuestLink, 'ready'>): void {
  const record: FirstBootRecord = {
    async read() {
      const { plan, drives } = await store.read()
      const index = plan.machines.findIndex(({ name }) => name === machine)
      if (!asksAtBoot(plan, index, drives)) return 'done'
      return drives.find((drive) => drive.machine === machine && drive.index === 0)?.setUp === 'begun' ? 'begun' : 'due'
    },
    save: (state) => store.saveSetUp(machine, state),
  }
  // Without an answer the guest boots without that work, which stays due.
  const answer = (signal = AbortSignal.timeout(askedWithinMs)) => answerFirstBoot(vm.ports.wake, record, signal).catch(() => {})
  vm.onReset(() => void answer())
  void record.read().then(
    (state) => {
      if (state !== 'done') void answer()
      // The earlier server may have ended before it said what it had noted: the guest would wait 10 s for that.
      else if (found) void answer(untilReady(found))
    },
    () => {},
  )
}

function untilReady(link: Pick<GuestLink, 'ready'>): AbortSignal {
  const over = new AbortController()
  const end = () => over.abort()
  void link.ready(AbortSignal.timeout(askedWithinMs)).then(end, end)
  return over.signal
}

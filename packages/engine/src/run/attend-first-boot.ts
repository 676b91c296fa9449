import { answerFirstBoot, type FirstBootRecord } from '../guest/boot/first-boot.ts'
import type { Vm } from '../vmm/vmm.ts'
import { asksAtBoot } from './initrd.ts'
import type { RunStore } from './run-store.ts'

/** A guest asks within seconds of its reset; nobody holds the port for longer, which `wake` uses too. */
const askedWithinMs = 120_000

/**
 * Answers a VM's guest about the work of its lineage's first boot: at its present boot, while that work is due, and at each reboot from inside, since that begins with the same
 * configuration. Not for a VM that sleeps: it is woken over the same port.
 */
export function attendFirstBoot(vm: Vm, store: RunStore, machine: string): void {
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
  const answer = () => answerFirstBoot(vm.ports.wake, record, AbortSignal.timeout(askedWithinMs)).catch(() => {})
  vm.onReset(() => void answer())
  void record.read().then(
    (state) => {
      if (state !== 'done') void answer()
    },
    () => {},
  )
}

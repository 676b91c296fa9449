import { setTimeout as delay } from 'node:timers/promises'
import { guestUnreachable, machineUnreachable } from '@ramet/model/errors/errors.ts'
import { syncGuest } from '../guest/agent/sync-guest.ts'
import type { GuestLink } from '../guest/guest.ts'
import { saidUuid } from '../guest/said.ts'
import type { Vm } from '../vmm/vmm.ts'
import { untilBooted } from './await-boot.ts'
import type { LiveMachine } from './live-run.ts'
import { type RunContext, targets } from './run-context.ts'
import { adopt, awaitGuests, startMachines } from './start.ts'
import type { Step, Workflow } from './steps.ts'

/** A guest that does not answer for this long is switched off and on instead of asked to reboot. */
const answerMs = 20_000
/** As for a power-off. */
const graceMs = 90_000
const bootMs = 240_000
const betweenTriesMs = 100
/** Stands for the boot id of a machine that could not report it. No boot has this id. */
const noBoot = 'none'

/** Saves the current boot id first. A later attempt that finds another boot id knows that the reboot is done, and does not repeat it. */
const noteBoots: Step<RunContext> = {
  name: 'note-boots',
  message: 'Asking the machine which boot this is',
  async done(context) {
    const { machines } = await context.store.read()
    return machines.every(({ name, leftBoot }) => !context.machines.has(name) || leftBoot !== undefined)
  },
  async do(context) {
    await adopt(context)
    for (const name of context.machines) {
      const machine = context.live.get(name)
      const boot =
        machine && !machine.boot.failure ? await bootOf(machine.link, context.signal).catch(() => undefined) : undefined
      context.signal.throwIfAborted()
      if (machine && boot === undefined) {
        context.warn(`${name} does not answer and is switched off and on.`)
        await machine.vm.kill()
      }
      await context.store.saveLeftBoot(name, boot ?? noBoot)
    }
  },
}

const rebootGuests: Step<RunContext> = {
  name: 'reboot-guests',
  message: 'Rebooting the machine',
  async done(context) {
    await adopt(context)
    const left = await leftBoots(context)
    const each = targets(context).map(async ({ name, link }) => {
      const boot = await bootOf(link, context.signal, 2000).catch(() => undefined)
      return boot !== undefined && boot !== left.get(name)
    })
    return (await Promise.all(each)).every(Boolean)
  },
  async do(context) {
    const left = await leftBoots(context)
    await Promise.all(targets(context).map((machine) => rebootOne(machine, left.get(machine.name), context)))
  },
}

async function rebootOne(machine: LiveMachine, left: string | undefined, { signal, warn }: RunContext): Promise<void> {
  const { name, vm, link } = machine
  const over = watch(vm)
  try {
    if ((await bootOf(link, signal)) !== left) return
    await syncGuest(link, answerMs)
    await link.tool(['power-off', 'reboot'], { timeoutMs: answerMs })
  } catch (error) {
    signal.throwIfAborted()
    warn(`${name} could not be asked to reboot: ${(error as Error).message}`)
  }
  if (!(await over.within(graceMs, signal))) {
    warn(`${name} did not go down within ${graceMs / 1000} s and is switched off and on.`)
    await vm.kill()
  }
  if (over.hasEnded()) return
  const deadline = Date.now() + bootMs
  for (;;) {
    // The old connection takes a moment to notice that the guest is gone.
    const failure = await untilBooted(machine, signal).catch((error) => {
      if (!over.hasEnded()) throw error
    })
    if (failure) return warn(`${name} cannot boot, and stays on to be mended: ${failure.reason}.`)
    const boot = await bootOf(link, signal).catch(() => undefined)
    if (over.hasEnded() || (boot !== undefined && boot !== left)) return
    if (Date.now() > deadline) throw machineUnreachable(name, `it did not come back within ${bootMs / 1000} s of its reboot.`)
    await delay(betweenTriesMs, undefined, { signal })
  }
}

/** Resolves when the machine is reset or ends; it is started again then. */
function watch(vm: Vm) {
  const over = new AbortController()
  let hasEnded = false
  const stop = vm.onReset(() => over.abort())
  void vm.ended.then(() => {
    hasEnded = true
    over.abort()
  })
  return {
    hasEnded: () => hasEnded,
    async within(ms: number, signal: AbortSignal): Promise<boolean> {
      await delay(ms, undefined, { signal: AbortSignal.any([signal, over.signal]) }).catch(() => {})
      signal.throwIfAborted()
      stop()
      return over.signal.aborted
    },
  }
}

async function bootOf(link: GuestLink, signal: AbortSignal, withinMs = answerMs): Promise<string> {
  await link.ready(AbortSignal.any([signal, AbortSignal.timeout(Math.max(withinMs, 1))]))
  const { stdout } = await link.run('cat /proc/sys/kernel/random/boot_id', { timeoutMs: answerMs })
  const boot = saidUuid(stdout.trim())
  if (boot === undefined) throw guestUnreachable('it does not say which boot it is in.')
  return boot
}

async function leftBoots({ store }: RunContext): Promise<ReadonlyMap<string, string | undefined>> {
  return new Map((await store.read()).machines.map(({ name, leftBoot }) => [name, leftBoot]))
}

/** Reboots one machine. If it goes off instead, the usual steps of a start bring it up again. */
export const machineRebootWorkflow: Workflow<RunContext> = {
  name: 'machine-reboot',
  steps: [noteBoots, rebootGuests, startMachines, awaitGuests],
}

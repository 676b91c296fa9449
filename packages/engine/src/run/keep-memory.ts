import { randomBytes } from 'node:crypto'
import { RametError } from '@ramet/model/errors/error.ts'
import { machineUnreachable } from '@ramet/model/errors/errors.ts'
import { forgetMemory, keepMemory } from '../snapshot/keep.ts'
import { type SnapshotStamp, shapeOf } from '../snapshot/stamp.ts'
import { whoAnswers } from './answering.ts'
import { bootedKernelPack } from './booted-kernel.ts'
import type { HostParts } from './host-parts.ts'
import type { LiveMachine } from './live-run.ts'
import { type RunContext, targets } from './run-context.ts'
import type { RunRecord } from './run-record.ts'
import type { Step, Workflow } from './steps.ts'
import { allEnded, dropOverlays, endMachines, flushGuests, releaseAddresses, releaseHost } from './stop.ts'

/** The memory could not be kept: the machines go on, and must be shut down instead. `message`: why, as a sentence. */
export class MemoryNotKept extends RametError {
  constructor(message: string) {
    super('memory_not_kept', 409, message)
  }
}

const isKept = async ({ store }: RunContext): Promise<boolean> => (await store.read()).resume !== undefined

/** Syncs the guests' filesystems, so that the drives alone boot with everything that was written if the memory cannot be used. */
const flush: Step<RunContext> = { ...flushGuests, done: async (context) => (await isKept(context)) || allEnded(context) }

/**
 * Takes the memory of every machine that is on and answers, or of none. Afterwards the drives of all are layers without overlays, so the machines must never go on: `end-machines` ends them, also after
 * a crash in between, when they are found paused.
 */
const takeSnapshot: Step<RunContext> = {
  name: 'take-snapshot',
  message: 'Keeping the machines’ memory',
  async done(context) {
    return (await isKept(context)) || allEnded(context)
  },
  async do(context) {
    const { store, signal, warn } = context
    try {
      await keep(context)
    } catch (error) {
      // What was recorded is valid, whatever failed after it.
      if (await isKept(context)) return
      signal.throwIfAborted()
      const reason = `Its memory could not be kept: ${(error as Error).message}`
      warn(`${reason}${error instanceof RametError ? '' : ` ${(error as Error).stack}`}`)
      await store.bootNext(reason)
      throw new MemoryNotKept(reason)
    }
  },
}

/**
 * Requires that no machine ended by itself a moment ago: memory of the others alone would be resumed without it. A machine that was switched off before is no
 * part of the memory.
 */
export function mustBeWhole({ machines }: RunRecord, on: readonly LiveMachine[]): void {
  const gone = machines.find(({ name, isOn }) => isOn && !on.some((machine) => machine.name === name))
  if (gone) throw machineUnreachable(gone.name, 'it ended before its memory was taken.')
}

async function keep(context: RunContext): Promise<void> {
  const { host, store, signal, warn } = context
  const run = await store.read()
  const on = targets(context)
  mustBeWhole(run, on)
  const { silent } = await whoAnswers(on, signal)
  for (const { name } of silent) warn(`${name} does not answer: its memory is not kept, and it boots at the next start.`)
  const stamp = await stampOf(host, run, on)
  const id = randomBytes(12).toString('hex')
  const at = new Date().toISOString()
  const machines = on.map(({ name, vm }) => ({ name, vm, overlays: [], index: indexOf(run, name) }))
  const { machines: taken, bytes } = await keepMemory(host.home, id, machines, {
    without: silent.map(({ name }) => name),
    afterwards: 'stay-paused',
    signal,
    afterPhase: (phase) => context.afterStep(`keep-memory/cut-${phase}`),
  })
  await context.afterStep('keep-memory/keep-files')
  try {
    await store.saveSnapshot({ id, at, stamp, bytes, machines: taken, silent: silent.map(({ name }) => name) })
  } catch (error) {
    if ((await store.read()).resume?.id === id) return
    await Promise.all(on.map(({ vm }) => vm.goOn().catch(() => {})))
    await forgetMemory(host.home, id)
    throw error
  }
}

export const indexOf = ({ plan }: RunRecord, machine: string) => plan.machines.findIndex(({ name }) => name === machine)

export async function stampOf(host: HostParts, run: RunRecord, machines: readonly LiveMachine[]): Promise<SnapshotStamp> {
  const { id, plan } = run
  const packs = new Set(
    await Promise.all(machines.map(({ name, vm }) => bootedKernelPack(host.home, id, indexOf(run, name), vm))),
  )
  const [pack = ''] = packs
  if (packs.size > 1) throw new Error('its machines were booted with different kernels.')
  return { ...(await host.stamp()), kernelPack: pack, shape: shapeOf(plan) }
}

/** Stops a run and keeps its machines' memory. It also ends the machines of an abandoned resume. */
export const keepMemoryWorkflow: Workflow<RunContext> = {
  name: 'keep-memory',
  steps: [flush, takeSnapshot, endMachines, dropOverlays, releaseHost, releaseAddresses],
}

/** Parts of `keep-memory/take-snapshot`, in order. The machines stay paused, so there is no `go-on`. */
export const cutSteps: readonly string[] = [
  ...['prepare', 'copy-memory', 'pause', 'cut-drives', 'save-devices', 'publish'].map((phase) => `cut-${phase}`),
  'keep-files',
].map((step) => `keep-memory/${step}`)

import type { CutFigures, Vm, VmCut, VmMemory, VmOverlay } from '../vmm/vmm.ts'

export interface CutMachine {
  readonly name: string
  readonly vm: Vm
  /** Files for its memory; neither exists yet. */
  readonly memory: VmMemory
  /** One for each writable drive: made beforehand, empty, durable. */
  readonly overlays: readonly VmOverlay[]
}

/** Parts of a cut, in order. Each is reported when it is over, so that crash tests can end the server right after it. */
export type CutPhase = 'prepare' | 'copy-memory' | 'pause' | 'cut-drives' | 'save-devices' | 'go-on' | 'publish'

export interface CutOptions {
  /** `stay-paused`: the machines are ended once the snapshot is recorded. */
  readonly afterwards: 'go-on' | 'stay-paused'
  readonly signal?: AbortSignal
  /** May throw, or end the process. */
  readonly afterPhase?: (phase: CutPhase) => void | Promise<void>
}

export interface CutReport {
  /** From the first machine's pause until the last goes on, or could go on if they stay paused. */
  readonly pauseMs: number
  readonly totalMs: number
  readonly machines: readonly ({ readonly name: string } & CutFigures)[]
}

/**
 * Captures memory and devices of all machines of a run at one instant, and puts a new overlay on each of their drives at the same instant. Whatever fails, every
 * machine runs afterwards and no memory file is left; some drives may then have their new overlay (`Vm.overlayFiles`).
 */
export async function cut(machines: readonly CutMachine[], options: CutOptions): Promise<CutReport> {
  const { signal } = options
  const begun = performance.now()
  const cuts = new Map<string, VmCut>()
  const all = <T>(does: (cut: VmCut) => Promise<T>) => Promise.all([...cuts.values()].map(does))
  const over = async (phase: CutPhase) => {
    signal?.throwIfAborted()
    await options.afterPhase?.(phase)
  }
  try {
    await settleAll(machines.map(async ({ name, vm, memory, overlays }) => cuts.set(name, await vm.beginCut(memory, overlays))))
    await over('prepare')
    await abortable(
      all((each) => each.copyMemory()),
      signal,
    )
    await over('copy-memory')
    const paused = performance.now()
    await all((each) => each.pause())
    await over('pause')
    await all((each) => each.cutDrives())
    await over('cut-drives')
    const figures = await all((each) => each.saveDevices())
    await over('save-devices')
    if (options.afterwards === 'go-on') {
      await Promise.all(machines.map(({ vm }) => vm.goOn()))
      await over('go-on')
    }
    const goneOn = performance.now()
    await all((each) => each.publish())
    await over('publish')
    const names = [...cuts.keys()]
    return {
      pauseMs: goneOn - paused,
      totalMs: performance.now() - begun,
      machines: figures.map((each, at) => ({ name: names[at] ?? '', ...each })),
    }
  } catch (error) {
    await all((each) => each.cancel())
    // A machine that ended meanwhile is no error here: its owner learns it from `ended`.
    await Promise.all(machines.map(({ vm }) => vm.goOn().catch(() => {})))
    throw error
  }
}

/** Like Promise.all, but waits for all before it rejects, so that everything that was begun can be cancelled. */
async function settleAll(promises: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(promises)).find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  aborted.catch(() => {})
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    signal.throwIfAborted()
    return await Promise.race([promise, aborted])
  } finally {
    promise.catch(() => {})
    signal.removeEventListener('abort', abort)
  }
}

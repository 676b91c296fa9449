import { basename } from 'node:path'
import type { Check, Health } from '@ramet/model/api/host.ts'
import { runMemoryBytes } from '../cgroup/run-memory.ts'
import { stopBackgroundPrograms } from '../process/background-programs.ts'
import { whyNotBooted } from '../run/boot-watch.ts'
import { cutLive, settleLive } from '../run/cut-live.ts'
import { type HostParts, hostName } from '../run/host-parts.ts'
import { readOnce } from '../run/read-once.ts'
import { type RunContext, runLimits } from '../run/run-context.ts'
import type { RunStore } from '../run/run-store.ts'
import { adopt } from '../run/start.ts'
import { runWorkflow } from '../run/steps.ts'
import { shapeOf } from '../snapshot/stamp.ts'
import type { CutReport } from '../snapshot/take.ts'
import type { Host } from './host.ts'
import type { HostImages } from './host-images.ts'
import { localMachines } from './local-machines.ts'
import { localStorage } from './local-storage.ts'
import type { CutFigures, CutRequest, CutResult, PerformRequest, StepTimes, WorkflowName } from './perform.ts'
import { reclaim } from './reclaim.ts'
import { workflows } from './workflows.ts'

/** The parts of a host that do not belong to runs. */
export interface HostRest {
  readonly images: HostImages
  accelerator(): Health['accelerator']
  checks(): Promise<Check[]>
  warmUp(images: readonly string[]): Promise<void>
  /** Ends builds. */
  close(): Promise<void>
}

const memoryCapabilities = ['snapshot', 'resume'] as const

/** Makes a host from these parts, in this process. */
export function localHost(parts: HostParts, rest: HostRest): Host {
  const { live } = parts
  return {
    images: rest.images,
    storage: localStorage(parts),
    machines: localMachines(parts),
    perform: (workflow, request) => perform(parts, workflow, request),
    async observe(runId, store) {
      const off = await adopt({ host: parts, store, live: live.of(runId) })
      return (await store.read()).plan.machines.map(({ name }) => ({ machine: name, end: off.get(name) }))
    },
    on: (runId) =>
      (live.get(runId)?.all() ?? []).map(({ name, link, boot }) => {
        const why = boot.failure ? whyNotBooted(boot.failure) : link.lastWhy
        return { machine: name, isReady: link.isReady, ...(why === undefined ? {} : { why }) }
      }),
    events: (listener) => live.listen((runId, event) => listener({ runId, ...event })),
    updateLimits: (_, store) => updateLimits(parts, store),
    standStill(runIds) {
      live.standStill(runIds)
      stopBackgroundPrograms(true)
    },
    goOn() {
      live.standStill([])
      stopBackgroundPrograms(false)
    },
    cut: (request) => cut(parts, request),
    settleCut: (runId, announced) => settleLive(parts.home, runId, live.of(runId), announced),
    forget: (runId) => live.forget(runId),
    reclaim: (known) => reclaim(parts, known),
    async fingerprint(plan) {
      return { ...(await parts.stamp()), kernelPack: basename((await parts.kernelPack()).folder), shape: shapeOf(plan) }
    },
    memoryOf: (plan) => runMemoryBytes(plan, parts.vmmFor),
    canKeepMemory: ({ machines }) =>
      machines.every(({ name }) => memoryCapabilities.every((each) => parts.vmmFor(name).capabilities.has(each))),
    accelerator: rest.accelerator,
    checks: rest.checks,
    warmUp: rest.warmUp,
    async close() {
      live.close()
      await rest.close()
    },
  }
}

async function perform(host: HostParts, name: WorkflowName, request: PerformRequest): Promise<StepTimes> {
  const { runId, machines, store, signal, onStep, onProgress, afterStep, warn } = request
  const workflow = workflows[name]
  const context: RunContext = {
    host,
    store,
    live: host.live.of(runId),
    machines: new Set(machines),
    signal,
    afterStep,
    report: onProgress,
    warn,
  }
  const began = performance.now()
  const begun = new Map<string, number>()
  const times: Record<string, number> = {}
  await runWorkflow(workflow, context, {
    signal,
    contextsOf: readOnce,
    onStep(step, message) {
      begun.set(step, performance.now())
      onStep(step, message)
    },
    async afterStep(step) {
      times[step] = Math.round(performance.now() - (begun.get(step) ?? began))
      await afterStep(step)
      await host.live.standing.mayGoOn(runId, signal)
    },
  })
  return times
}

async function updateLimits(host: HostParts, store: RunStore): Promise<void> {
  const run = await store.read()
  const names = run.lease === undefined ? [] : await host.cgroups.list(host.installation)
  // A run that is being made gets its limits from the same record.
  if (names.includes(hostName(host.installation, run.shortId))) await host.cgroups.make(runLimits(host, run))
}

async function cut(host: HostParts, { runId, snapshotId, overlays, store, signal, afterStep }: CutRequest): Promise<CutResult> {
  const run = await store.read()
  const live = host.live.of(runId)
  const { stamp, at, bytes, machines, silent, report } = await cutLive(
    { host, run, live, overlays, signal, afterStep },
    snapshotId,
  )
  return { snapshot: { id: snapshotId, at, stamp, bytes, machines, silent }, figures: figuresOf(report) }
}

function figuresOf({ pauseMs, totalMs, machines }: CutReport): CutFigures {
  const sum = (figure: 'copiedBytes' | 'pausedBytes') => machines.reduce((all, each) => all + each[figure], 0)
  return {
    pauseMs,
    firstPauseMs: Math.max(...machines.map(({ firstPauseMs }) => firstPauseMs)),
    totalMs,
    copiedBytes: sum('copiedBytes'),
    pausedBytes: sum('pausedBytes'),
  }
}

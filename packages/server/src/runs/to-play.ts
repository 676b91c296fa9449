import { hostAddresses } from '@ramet/engine'
import { pages } from '@ramet/model/api/routes.ts'
import type { Condition, Play, PlayMachine, Progress } from '@ramet/model/api/wire.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { tabsOfRun } from '@ramet/model/plan/tabs.ts'
import { endingNotice, goDuration, neverMs } from '@ramet/model/run/lifetime.ts'
import { isGone, isMachineOn, isOff } from '@ramet/model/run/run-state.ts'
import { areInitTasksOver } from '@ramet/model/run/task-state.ts'
import { formatBytes } from '@ramet/model/units/bytes.ts'
import type { Db } from '../store/database.ts'
import { type RunParts, readRunParts } from '../store/play-lists.ts'
import { conditionsOf } from '../store/run-machines.ts'
import { snapshotOf } from '../store/run-memory.ts'
import type { Run } from '../store/runs.ts'
import type { RunMachineRow } from '../store/schema.ts'
import { tasksAtWork } from '../tasks/task-rows.ts'
import { toTask } from '../tasks/to-task.ts'

export interface PlayContext {
  readonly db: Db
  readonly installation: string
  readonly endpoint: () => string
  progressOf(runId: string): Progress | undefined
}

/** How many of a run's latest state events appear in lists and events. A single run is shown with all of them. */
const historyInLists = 50

/** Converts a run for the API. */
export async function toPlay(context: PlayContext, row: Run): Promise<Play> {
  const [play] = await toPlays(context, [row], Number.MAX_SAFE_INTEGER)
  if (!play) throw new Error('a run was given and none came back')
  return play
}

/** Converts runs for the API's lists, in the given order, with a fixed number of queries. */
export async function toPlays(context: PlayContext, rows: readonly Run[], mostEvents = historyInLists): Promise<Play[]> {
  if (rows.length === 0) return []
  const parts = await readRunParts(context.db, rows, mostEvents)
  const machines = Map.groupBy(parts.machines, ({ run_id }) => run_id)
  const tasks = Map.groupBy(parts.tasks, ({ run_id }) => run_id)
  const events = Map.groupBy(parts.events, ({ run_id }) => run_id)
  const playgrounds = byId(parts.playgrounds)
  const sources = byId(parts.sources)
  const snapshots = byId(parts.snapshots)
  return rows.map((row) =>
    compose(context, row, {
      machines: machines.get(row.id) ?? [],
      tasks: tasks.get(row.id) ?? [],
      events: events.get(row.id) ?? [],
      playground: playgrounds.get(row.playground_id),
      source: sources.get(row.cloned_from ?? ''),
      snapshot: snapshots.get(snapshotOf(row.memory) ?? ''),
    }),
  )
}

const byId = <T extends { readonly id: string }>(rows: readonly T[]): Map<string, T> => new Map(rows.map((row) => [row.id, row]))

interface Parts {
  readonly machines: RunParts['machines']
  readonly tasks: RunParts['tasks']
  readonly events: RunParts['events']
  readonly playground: RunParts['playgrounds'][number] | undefined
  readonly source: RunParts['sources'][number] | undefined
  readonly snapshot: RunParts['snapshots'][number] | undefined
}

function compose(context: PlayContext, row: Run, { machines, tasks, events, playground, source, snapshot }: Parts): Play {
  const { plan, failure } = row
  const isOn = row.lease !== null && row.state === 'RUNNING'
  const addresses = isOn && row.lease !== null ? hostAddresses(plan, row.lease) : undefined
  const progress = context.progressOf(row.id)
  const now = Date.now()
  const ending = endingOf(row, now)
  return {
    id: row.id,
    title: row.title,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastStateAt: row.last_state_at,
    ...lifeOf(row, now),
    pageUrl: context.endpoint() + pages.run(row.id),
    playground: {
      name: row.playground_name,
      title: row.playground_title,
      owner: playground?.owner_id ?? '',
      pageUrl: context.endpoint() + pages.home(),
    },
    machines: machines.map((machine) => ({
      ...toMachine(machine, plan, addresses?.get(machine.name)),
      state: shownState(row, machine),
    })),
    status: {
      factoryId: context.installation,
      stateEvents: events.map(({ state, at, error }) => ({
        state,
        at,
        ...(error === null ? {} : { error: true, message: error }),
      })),
      machines: machines.map((machine) => ({
        name: machine.name,
        state: shownState(row, machine),
        conditions: conditionsAs(row, machine),
      })),
    },
    initTasksOver: areInitTasksOver(tasksAtWork(plan.tasks ?? [], tasks)),
    tasks: Object.fromEntries(tasks.map((task) => [task.name, toTask(task)])),
    state: row.state,
    wanted: row.wanted,
    ...(progress === undefined ? {} : { progress }),
    ...(failure === undefined ? {} : { failure }),
    ...(source === undefined ? {} : { clonedFrom: source }),
    ...(row.start_kind === null ? {} : { startKind: row.start_kind }),
    ...(row.start_reason === null ? {} : { startReason: row.start_reason }),
    ...(row.epoch === null ? {} : { epoch: row.epoch }),
    ...(snapshot === undefined ? {} : { snapshot: { at: snapshot.at, bytes: snapshot.bytes } }),
    networks: plan.networks.map((net) => ({ ...net })),
    tabs: tabsOfRun(plan, playground?.spec),
    ...(plan.initConditions === undefined ? {} : { initConditions: { ...plan.initConditions } }),
    ...(plan.changes === undefined ? {} : { changes: [...plan.changes] }),
    ...(plan.notices === undefined ? {} : { notices: [...plan.notices] }),
    ...(ending === undefined ? {} : { ending }),
  }
}

function lifeOf(
  { max_play_minutes, at_end, ends_at, session_at }: Run,
  now: number,
): Pick<Play, 'expiresIn' | 'maxPlayTime' | 'expiresAt' | 'atEnd'> {
  if (max_play_minutes === null) return { expiresIn: neverMs }
  const isCounted = ends_at !== null && session_at !== null
  return {
    expiresIn: isCounted ? Math.max(0, Date.parse(ends_at) - now) : max_play_minutes * 60_000,
    maxPlayTime: goDuration(max_play_minutes),
    ...(isCounted ? { expiresAt: ends_at } : {}),
    atEnd: at_end,
  }
}

function endingOf({ id, max_play_minutes, ends_at, session_at, at_end, state }: Run, now: number): string | undefined {
  const isOn = session_at !== null
  const ending = { minutes: max_play_minutes, endsAt: ends_at, atEnd: at_end, isOn, isOff: !isOn && isOff(state) }
  return endingNotice(ending, now)?.replace('ID', id)
}

/** Of a run that is gone nothing is on, whatever was written of a machine last. */
const shownState = ({ state }: Run, machine: RunMachineRow): PlayMachine['state'] => (isGone(state) ? 'STOPPED' : machine.state)

/** Whoever waits for machines alone (labctl does) enters them at once, which is refused until the run is RUNNING. So they are Ready no sooner than that. */
const conditionsAs = ({ state }: Run, machine: RunMachineRow): Condition[] =>
  conditionsOf(machine).map((each) =>
    each.name === 'Ready' && each.status === 'True' && state !== 'RUNNING'
      ? { ...each, status: isGone(state) ? 'False' : 'Unknown' }
      : each,
  )

function toMachine(row: RunMachineRow, plan: RunPlan, hostAddress: string | undefined): PlayMachine {
  const machine = plan.machines[row.machine_index]
  if (!machine) return unplanned(row)
  return {
    name: row.name,
    users: machine.users.map((user) => ({ ...user })),
    resources: { cpuCount: machine.cpuCount, ramSize: formatBytes(machine.ramMiB * 1024 ** 2) },
    state: row.state,
    noSSH: machine.noSSH,
    ...(machine.kernel === undefined ? {} : { kernel: machine.kernel }),
    ...(hostAddress === undefined || !isMachineOn(row.state) ? {} : { hostAddress }),
    interfaces: machine.interfaces.map(({ network: name, address, mac }, index) => ({
      name: `eth${index}`,
      network: name,
      address,
      mac,
    })),
    drives: machine.drives.map(({ source, mount, filesystem, sizeBytes, readOnly, partitioned, persistent }) => ({
      ...(source === undefined ? {} : { source }),
      ...(mount === undefined ? {} : { mount }),
      ...(filesystem === undefined ? {} : { filesystem }),
      sizeBytes,
      readOnly,
      ...(partitioned === undefined ? {} : { partitioned }),
      ...(persistent === undefined ? {} : { persistent }),
    })),
  }
}

/** Describes a run whose plan cannot be read, from its row alone. */
const unplanned = ({ name, state }: RunMachineRow): PlayMachine => ({
  name,
  users: [],
  resources: { cpuCount: 0, ramSize: formatBytes(0) },
  state,
  noSSH: true,
  interfaces: [],
  drives: [],
})

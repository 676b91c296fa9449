import { setTimeout as delay } from 'node:timers/promises'
import type { PlanTask } from '@ramet/model/plan/run-plan.ts'
import { outputsNeeded, type TaskOutputs } from '@ramet/model/plan/task-script.ts'
import { taskStatus } from '@ramet/model/run/task-state.ts'
import type { ReconcilerTools } from '../reconcile/run-at-work.ts'
import { now } from '../store/database.ts'
import { changeTask, listTasks, type TaskChange } from '../store/tasks.ts'
import { formatChecks } from './checks.ts'
import { storable } from './storable.ts'
import { type Try, tryTask, untilNextTry } from './try-task.ts'

const { created, blocked, running, failed, completed } = taskStatus

/** Output that differs at each try, as with a clock in it, is written no oftener. */
const writeOutputEveryMs = 10_000

/**
 * Tries a repeated task until it has completed or failed. Rejects with the signal's reason, and when its machine cannot be reached. A row is written when something
 * of it is another than before, so that a check that says the same for hours costs the store nothing.
 */
export async function repeatTask(runId: string, task: PlanTask, tools: ReconcilerTools, signal: AbortSignal): Promise<void> {
  const { db, host, tries } = tools
  const change = async (from: Parameters<typeof changeTask>[3], to: TaskChange) => {
    if (await changeTask(db, runId, task.name, from, to)) tools.changed(runId)
  }
  await change([created, blocked], { status: running, last_run_at: now() })
  const place = { runId, machine: task.machine }
  let written = ''
  let writtenAt = 0
  for (;;) {
    const tried = await (async () => {
      using _ = await tries.take(`${runId}/${task.machine}`, signal)
      const { user, timeoutSeconds } = task
      const run = (script: string) => host.machines.tryScript(place, { user, script, timeoutSeconds }, signal)
      return tryTask(task, await outputsOf(tools, runId, task), run)
    })()
    signal.throwIfAborted()
    const to = changeOf(tried)
    const verdict = JSON.stringify([to.status, to.exit_code, to.reason, to.checks])
    const isOld = performance.now() - writtenAt > writeOutputEveryMs
    const isNew = verdict !== written || (isOld && task.kind !== 'helper')
    if (isNew && (await differs(tools, runId, task, to))) {
      await change([running], { ...to, last_run_at: now() })
      written = verdict
      writtenAt = performance.now()
    }
    if (tried.outcome !== 'again') return
    await delay(untilNextTry(tried.tookMs), undefined, { signal })
  }
}

/** What is recorded of a try. */
function changeOf({ outcome, reason, end, checks }: Try): TaskChange {
  return {
    status: outcome === 'completed' ? completed : outcome === 'failed' ? failed : running,
    reason: reason === undefined ? null : storable(reason),
    checks: storableChecks(formatChecks(checks)),
    exit_code: end?.state === 'exited' ? end.exitCode : null,
    stdout: storable(end?.stdout ?? ''),
    stderr: storable(end?.stderr ?? ''),
    duration_ms: end?.tookMs ?? null,
  }
}

const storableChecks = (text: string | null) => (text === null ? null : storable(text.replaceAll('\\u0000', '�')))

async function differs({ db }: ReconcilerTools, runId: string, { name }: PlanTask, to: TaskChange): Promise<boolean> {
  const row = (await listTasks(db, runId)).find((each) => each.name === name)
  const seen = ['status', 'exit_code', 'reason', 'checks', 'stdout', 'stderr'] as const
  return row !== undefined && seen.some((column) => row[column] !== to[column])
}

/** What the tasks that it asks for by name have printed. */
async function outputsOf({ db }: ReconcilerTools, runId: string, task: PlanTask): Promise<TaskOutputs> {
  const names = outputsNeeded([task.run, task.hintcheck ?? '', task.failcheck ?? '', ...(task.env ?? [])])
  if (names.size === 0) return new Map()
  return new Map((await listTasks(db, runId)).filter(({ name }) => names.has(name)).map((row) => [row.name, row]))
}

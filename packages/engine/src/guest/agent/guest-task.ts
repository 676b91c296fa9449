import { machineUnreachable } from '@ramet/model/errors/errors.ts'
import type { PlanTask } from '@ramet/model/plan/run-plan.ts'
import type { GuestLink, ToolResult } from '../guest.ts'
import { saidNumber, saidReason, saidUuid } from '../said.ts'

/** Tasks in a guest, run by the platform's `keeper task` (guest/native/task.c): they go on without the caller, and are found again by name. */

/**
 * absent: never begun; running; exited: by itself, with `exitCode`; timed-out: ended by us; lost: its boot ended, or somebody killed what watched it.
 */
export type TaskState = 'absent' | 'running' | 'exited' | 'timed-out' | 'lost'

export interface TaskSight {
  readonly state: TaskState
  /** Kernel boot ids. `began`: of the boot it was started in; undefined when absent. */
  readonly began: string | undefined
  readonly now: string
  readonly exitCode: number
  readonly tookMs: number
  /** At most 64 KiB each, and a note of what was left out. */
  readonly stdout: string
  readonly stderr: string
}

/** Of the keeper's answer, for a slow guest. */
export const answerMs = 60_000
/** As waitpid and our keeper tell it. */
export const mostExitCode = 255
/** Longer than any timeout of a task by far. */
export const mostTookMs = 1000 * 24 * 3600 * 1000
/** Characters: 64 KiB and a note (task.c). A keeper that was replaced may send up to what the link lets through. */
export const mostOutput = 64 * 1024 + 100
/** How long a task waits for the guest's init before it begins; its timeout begins afterwards (task.c). */
const initMs = 180_000

/** Begins a task unless it was begun in this boot already. Returns why it cannot begin: its user does not exist. RametError `machine_unreachable`. */
export async function beginTask(link: GuestLink, task: PlanTask): Promise<{ refused?: string; exitCode?: number }> {
  const size = String(Buffer.byteLength(task.run))
  const argv = ['keeper', 'task', 'start', task.name, task.user, String(task.timeoutSeconds), size] as const
  const { code, stderr } = await link.tool([...argv], { stdin: task.run, timeoutMs: answerMs })
  if (code === 0) return {}
  if (code === 126) return { refused: saidReason(stderr), exitCode: code }
  throw machineUnreachable(task.machine, `the task ${task.name} could not be begun there: ${saidReason(stderr)}`)
}

export async function lookAtTask(link: GuestLink, task: Pick<PlanTask, 'name' | 'machine'>): Promise<TaskSight> {
  return read(task, await link.tool(['keeper', 'task', 'look', task.name], { timeoutMs: answerMs }))
}

/** Waits for the end of a task, then answers as `lookAtTask`. A task ends by its timeout at the latest; the added time is for a slow guest. */
export async function taskEnd(link: GuestLink, task: PlanTask): Promise<TaskSight> {
  const timeoutMs = initMs + task.timeoutSeconds * 1000 + answerMs
  return read(task, await link.tool(['keeper', 'task', 'wait', task.name], { timeoutMs }))
}

function read(task: Pick<PlanTask, 'name' | 'machine'>, { code, stdout, stderr }: ToolResult): TaskSight {
  const endOfLine = stdout.indexOf('\n')
  const words = /^(absent|running|exited|timed-out|lost) (\S+) (\S+) (\S+) (\S+)$/.exec(stdout.slice(0, endOfLine))
  const [, state, began, boot, status, took] = words ?? []
  const now = saidUuid(boot)
  const exitCode = saidNumber(status, mostExitCode)
  const tookMs = saidNumber(took, mostTookMs)
  const isBegun = began !== '-'
  if (code !== 0 || now === undefined || exitCode === undefined || tookMs === undefined || (isBegun && !saidUuid(began))) {
    throw machineUnreachable(task.machine, `it does not say how its task ${task.name} is: ${saidReason(stderr)}`)
  }
  return {
    state: state as TaskState,
    began: isBegun ? began : undefined,
    now,
    exitCode,
    tookMs,
    stdout: stdout.slice(endOfLine + 1).slice(0, mostOutput),
    stderr: stderr.slice(0, mostOutput),
  }
}

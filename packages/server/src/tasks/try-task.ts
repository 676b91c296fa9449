import type { ScriptEnd } from '@ramet/engine'
import type { PlanTask } from '@ramet/model/plan/run-plan.ts'
import { type TaskOutputs, taskScript } from '@ramet/model/plan/task-script.ts'
import type { CheckResult, Checks } from './checks.ts'

/** What one try of a repeated task came to. */
export interface Try {
  /** `again`: it is tried again after a while. */
  readonly outcome: 'completed' | 'failed' | 'again'
  /** Why it failed, as a sentence. */
  readonly reason?: string
  /** How its script ended; absent when its failcheck or its user kept it from running. */
  readonly end?: ScriptEnd
  readonly checks: Checks
  readonly tookMs: number
}

type RunScript = (script: string) => Promise<ScriptEnd | { readonly refused: string }>

/** Larger ones are taken by no guest (engine, native/task-scripts.c). */
const mostScriptBytes = 500_000

/**
 * Tries a repeated task once: its `failcheck`, its script, and its `hintcheck` when the script did not succeed. A check that takes too long says nothing: the machine may be
 * slow. A helper never completes. Rejects with what `run` does.
 */
export async function tryTask(task: PlanTask, outputs: TaskOutputs, run: RunScript): Promise<Try> {
  const began = performance.now()
  const took = () => performance.now() - began
  const ask = async (script: string) => {
    const whole = taskScript(script, task.env ?? [], outputs)
    if (Buffer.byteLength(whole) > mostScriptBytes)
      return { refused: `With its variables a script of it is larger than ${mostScriptBytes} bytes.` }
    return run(whole)
  }
  const fails = (reason: string, more: Partial<Try> = {}): Try => ({
    outcome: 'failed',
    reason,
    checks: {},
    tookMs: took(),
    ...more,
  })
  const { failcheck, hintcheck } = task
  let checks: Checks = {}
  if (failcheck !== undefined) {
    const end = await ask(failcheck)
    if ('refused' in end) return fails(end.refused)
    checks = { failcheck: resultOf(end) }
    if (end.state === 'exited' && end.exitCode !== 0) return fails(whyFailed(end), { checks })
  }
  const end = await ask(task.run)
  if ('refused' in end) return fails(end.refused, { checks })
  const isDone = end.state === 'exited' && end.exitCode === 0
  if (!isDone && hintcheck !== undefined) {
    const hint = await ask(hintcheck)
    if (!('refused' in hint)) checks = { ...checks, hintcheck: resultOf(hint) }
  }
  return { outcome: isDone && task.kind !== 'helper' ? 'completed' : 'again', end, checks, tookMs: took() }
}

/** A check's last words say what is wrong: authors print them for people. */
function whyFailed({ stdout, stderr, exitCode }: ScriptEnd): string {
  const said = `${stdout}\n${stderr}`.trim()
  return said === '' ? `Its failcheck exited with status ${exitCode}.` : `Its failcheck says: ${said.slice(0, 500)}`
}

const resultOf = ({ exitCode, stdout, stderr }: ScriptEnd): CheckResult => ({ exitCode, stdout, stderr })

/** Milliseconds until the next try: a fifth of the time at most is spent on it, and what takes long is asked seldom. Pure. */
export const untilNextTry = (tookMs: number): number => Math.min(15_000, Math.max(1000, 4 * tookMs))

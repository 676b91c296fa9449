import { machineUnreachable } from '@ramet/model/errors/errors.ts'
import type { GuestLink } from '../guest.ts'
import { saidNumber, saidReason } from '../said.ts'
import { answerMs, mostExitCode, mostOutput, mostTookMs } from './guest-task.ts'

/** A script of a task that is repeated. It runs by `keeper task try` (native/task.c) and ends with its caller, so nothing of it is left in the guest. */
export interface TaskScript {
  readonly user: string
  readonly script: string
  readonly timeoutSeconds: number
}

export interface ScriptEnd {
  readonly state: 'exited' | 'timed-out'
  readonly exitCode: number
  readonly tookMs: number
  /** At most 64 KiB each, and a note of what was left out. */
  readonly stdout: string
  readonly stderr: string
}

/** Runs a script to its end. Returns why it cannot run: its user does not exist. Throws the signal's reason, and RametError `machine_unreachable`. */
export async function tryScript(
  link: GuestLink,
  machine: string,
  { user, script, timeoutSeconds }: TaskScript,
  signal: AbortSignal,
): Promise<ScriptEnd | { readonly refused: string }> {
  const size = String(Buffer.byteLength(script))
  const { code, stdout, stderr } = await link.tool(['keeper', 'task', 'try', user, String(timeoutSeconds), size], {
    stdin: script,
    timeoutMs: timeoutSeconds * 1000 + answerMs,
    signal,
  })
  if (code === 126) return { refused: saidReason(stderr) }
  const endOfLine = stdout.indexOf('\n')
  const [, state, status, took] = /^(exited|timed-out) (\S+) (\S+)$/.exec(stdout.slice(0, endOfLine)) ?? []
  const exitCode = saidNumber(status, mostExitCode)
  const tookMs = saidNumber(took, mostTookMs)
  if (code !== 0 || exitCode === undefined || tookMs === undefined)
    throw machineUnreachable(machine, `it does not say how a script ended there: ${saidReason(stderr)}`)
  return {
    state: state as ScriptEnd['state'],
    exitCode,
    tookMs,
    stdout: stdout.slice(endOfLine + 1).slice(0, mostOutput),
    stderr: stderr.slice(0, mostOutput),
  }
}

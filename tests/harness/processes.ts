import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end; never throws for an exit code. */
export async function finish(
  argv: readonly string[],
  options: { env?: Record<string, string>; stdin?: string | Uint8Array; timeoutMs?: number; cwd?: string } = {},
): Promise<Finished> {
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    env: { ...process.env, ...options.env },
    cwd: options.cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.stdin.on('error', () => {})
  child.stdin.end(options.stdin ?? '')
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 300_000)
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  clearTimeout(timer)
  const result = { code: code ?? -1, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
  return signal
    ? { ...result, stderr: `${result.stderr}\n[ended by ${signal} after ${options.timeoutMs ?? 300_000} ms]` }
    : result
}

const firstPauseMs = 10

/** Waits until `look` gives something; bounded. Looks often at first, then every `everyMs`. The error tells what was waited for. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 60_000,
  everyMs = 100,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  let last: unknown
  for (let pauseMs = Math.min(firstPauseMs, everyMs); ; pauseMs = Math.min(pauseMs * 1.5, everyMs)) {
    try {
      const found = await look()
      if (found !== undefined && found !== false) return found
      last = undefined
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`, { cause: last })
    await delay(pauseMs)
  }
}

export async function ended(child: ChildProcess, timeoutMs = 30_000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  await Promise.race([
    once(child, 'exit'),
    delay(timeoutMs, undefined, { ref: false }).then(() => Promise.reject(new Error(`process ${child.pid} did not end`))),
  ])
}

import { spawn } from 'node:child_process'
import { RametError } from '@ramet/model/errors/error.ts'
import { addBackgroundProgram, inIdleClass } from './background-programs.ts'

export interface RunOptions {
  readonly stdin?: string | Uint8Array
  readonly cwd?: string
  readonly env?: Record<string, string>
  readonly signal?: AbortSignal
  /** Ended with SIGKILL after this long. Default two minutes. */
  readonly timeoutMs?: number
  /** Each line of stderr as it comes, for progress. */
  readonly onStderrLine?: (line: string) => void
  /** Exit codes that are no failure. Default: 0 alone. */
  readonly okCodes?: readonly number[]
  /** Nobody waits for it: it takes what others leave of the host, and stands still while somebody needs it. Its timeout goes on meanwhile. */
  readonly isBackground?: boolean
  readonly onSpawn?: (pid: number) => void
}

export interface RunResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const keepBytes = 4 * 1024 * 1024

/** A process that failed: not found, non-zero, killed, or too slow. `stderr` has the end of what it said. */
export class ProcessFailed extends RametError {
  readonly argv: readonly string[]
  readonly exitCode: number | null
  readonly stderr: string

  constructor(argv: readonly string[], exitCode: number | null, why: string, stderr: string) {
    super('process_failed', 500, `${argv[0]} ${why}${stderr === '' ? '' : `: ${stderr.trim().slice(-2000)}`}`)
    this.argv = argv
    this.exitCode = exitCode
    this.stderr = stderr
  }
}

/** The one way to run a program to its end: an argv array, never a shell; bounded in time and in what is kept of its output. */
export async function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  const { promise, resolve, reject } = Promise.withResolvers<RunResult>()
  const [program, ...args] = options.isBackground ? inIdleClass(argv) : argv
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, LC_ALL: 'C', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  if (child.pid !== undefined) options.onSpawn?.(child.pid)
  const forget = options.isBackground && child.pid !== undefined ? addBackgroundProgram(child.pid) : () => {}
  let why: string | undefined
  const kill = (reason: string) => {
    why = reason
    child.kill('SIGKILL')
  }
  const timeoutMs = options.timeoutMs ?? 120_000
  const timer = setTimeout(() => kill(`took more than ${timeoutMs / 1000} s`), timeoutMs)
  const abort = () => kill('was cancelled')
  if (options.signal?.aborted) abort()
  options.signal?.addEventListener('abort', abort, { once: true })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  const keep = (into: Buffer[]) => {
    let size = 0
    return (chunk: Buffer) => {
      into.push(chunk)
      size += chunk.length
      while (size > keepBytes && into.length > 1) size -= into.shift()?.length ?? 0
    }
  }
  child.stdout.on('data', keep(stdout))
  child.stderr.on('data', keep(stderr))
  if (options.onStderrLine) {
    let rest = ''
    child.stderr.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split(/[\r\n]+/)
      rest = lines.pop() ?? ''
      for (const line of lines) options.onStderrLine?.(line)
    })
  }
  // A program that ends without reading its input is judged by its exit code, not by our broken pipe.
  child.stdin.on('error', () => {})
  child.stdin.end(options.stdin ?? '')
  child.on('error', (error) =>
    reject(
      new ProcessFailed(argv, null, (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not installed' : error.message, ''),
    ),
  )
  child.on('close', (code, signal) => {
    const said = Buffer.concat(stderr).toString()
    if (why === undefined && code !== null && (options.okCodes ?? [0]).includes(code))
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: said })
    else reject(new ProcessFailed(argv, code, why ?? (signal ? `was ended by ${signal}` : `failed with exit code ${code}`), said))
  })
  try {
    return await promise
  } finally {
    forget()
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', abort)
  }
}

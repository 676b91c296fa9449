import { spawn } from 'node:child_process'
import type { FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { RametError } from '@ramet/model/errors/error.ts'
import { addBackgroundProgram, inBackground } from './background-programs.ts'
import { childEnvironment } from './child-environment.ts'

export interface RunOptions {
  readonly stdin?: string | Uint8Array
  readonly cwd?: string
  /** Added to `childEnvironment`. */
  readonly env?: Record<string, string>
  /** Become its descriptors from 3 on. It has no others but its three streams. */
  readonly files?: readonly FileHandle[]
  readonly signal?: AbortSignal
  /** The program is killed after this many milliseconds. Default: two minutes. */
  readonly timeoutMs?: number
  /** Called with each line of stderr as it arrives, for progress. */
  readonly onStderrLine?: (line: string) => void
  /** Called with each line of stdout as it arrives. Nothing of it is kept then, so that it may be of any length. */
  readonly onStdoutLine?: (line: string) => void
  /** Exit codes that are no failure. Default: only 0. */
  readonly okCodes?: readonly number[]
  /** Runs it in the background class (`background-programs.ts`), and pauses it while somebody needs the host. The timeout goes on meanwhile. */
  readonly isBackground?: boolean
  readonly onSpawn?: (pid: number) => void
}

export interface RunResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const keepBytes = 4 * 1024 * 1024

/** A program failed: not found, non-zero exit, killed, or too slow. `stderr` holds the end of its error output. */
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

/** Runs a program to its end: an argv array, never a shell; time and kept output are bounded. */
export async function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  const { promise, resolve, reject } = Promise.withResolvers<RunResult>()
  const [program, ...args] = options.isBackground ? inBackground(argv) : argv
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...childEnvironment(), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe', ...(options.files ?? []).map(({ fd }) => fd)],
  })
  const { stdin: input, stdout: output, stderr: complaints } = child
  if (!input || !output || !complaints) throw new Error('a program has no streams')
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
  if (options.onStdoutLine) byLine(output, options.onStdoutLine)
  else output.on('data', keep(stdout))
  complaints.on('data', keep(stderr))
  if (options.onStderrLine) byLine(complaints, options.onStderrLine)
  // When a program ends without reading its input, its exit code decides, not our broken pipe.
  input.on('error', () => {})
  input.end(options.stdin ?? '')
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

/** What comes after the last line's end is no line. */
function byLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = ''
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split(/[\r\n]+/)
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
}

import type { GuestProcess } from '@ramet/engine'
import { KeptOutput } from './kept-output.ts'
import type { Call } from './tool.ts'

export interface CommandRequest {
  readonly playId: string
  readonly machine: string
  readonly user: string | undefined
  readonly command: string
  /** Its standard input; absent: empty. */
  readonly input?: Uint8Array | undefined
  readonly timeoutMs: number
  /** Bytes kept of each output. */
  readonly keepBytes: number
}

export interface Outcome {
  /** Null when it was ended here. */
  readonly exitCode: number | null
  /** The signal that ended it. */
  readonly signal?: string
  readonly timedOut: boolean
  readonly stdout: KeptOutput
  readonly stderr: KeptOutput
}

/** Most of the output that is told at a time, and how often: a build's log is not to become thousands of messages. */
const toldBytes = 4096
const toldEveryMs = 250

/** Runs a command in a machine to its end; kills it when its time is up or nobody waits for it any more. Tells its output as it comes. Throws RametError. */
export async function runCommand(call: Call, request: CommandRequest): Promise<Outcome> {
  const { services, counts, user, signal } = call
  using _ = counts.take(user, 'sockets')
  const account = request.user === undefined ? {} : { user: request.user }
  const process = await services.machines.exec(user, request.playId, request.machine, request.command, account)
  const [stdout, stderr] = [new KeptOutput(request.keepBytes), new KeptOutput(request.keepBytes)]
  const telling = new Telling(call)
  const over = AbortSignal.any([signal, AbortSignal.timeout(request.timeoutMs)])
  try {
    const ended = endOf(process, [stdout, stderr], telling)
    // A command that reads no input ends all the same.
    process.stdin.on('error', () => {})
    process.stdin.end(request.input ?? '')
    const exit = await Promise.race([ended, aborted(over)])
    if (exit)
      return {
        exitCode: exit.code,
        ...(exit.signal === undefined ? {} : { signal: exit.signal }),
        timedOut: false,
        stdout,
        stderr,
      }
    process.signal('KILL')
    return { exitCode: null, timedOut: !signal.aborted, stdout, stderr }
  } finally {
    telling.end()
    process.close()
  }
}

async function endOf(process: GuestProcess, [stdout, stderr]: readonly [KeptOutput, KeptOutput], telling: Telling) {
  const read = async (stream: AsyncIterable<Buffer>, kept: KeptOutput) => {
    for await (const piece of stream) {
      kept.push(piece)
      telling.add(piece)
    }
  }
  const [exit] = await Promise.all([process.exit, read(process.stdout, stdout), read(process.stderr, stderr)])
  return exit
}

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })

/** Passes output on in pieces: the end of what came since the last one. */
class Telling {
  readonly #call: Pick<Call, 'tell'>
  #waiting = Buffer.alloc(0)
  readonly #timer: NodeJS.Timeout

  constructor(call: Pick<Call, 'tell'>) {
    this.#call = call
    this.#timer = setInterval(() => this.#pass(), toldEveryMs)
  }

  add(piece: Buffer): void {
    this.#waiting = Buffer.concat([this.#waiting, piece.subarray(-toldBytes)]).subarray(-toldBytes)
  }

  end(): void {
    clearInterval(this.#timer)
    this.#pass()
  }

  #pass(): void {
    if (this.#waiting.length === 0) return
    this.#call.tell(this.#waiting.toString())
    this.#waiting = Buffer.alloc(0)
  }
}

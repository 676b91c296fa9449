import type { Exit, MachineStream } from '@ramet/client/machine-stream.ts'

/** Writes a stream's output to ours; resolves, and so acknowledges, when it was accepted. */
function passOutput(stream: MachineStream): void {
  stream.onOutput((channel, bytes) => {
    const target = channel === 'stderr' ? process.stderr : process.stdout
    return new Promise((resolve, reject) => target.write(bytes, (error) => (error ? reject(error) : resolve())))
  })
}

export interface AttachOptions {
  /** The byte that leaves instead of being sent. */
  readonly leaveBy?: number
}

/** Result of `attachTerminal` when the user left by `leaveBy`. */
export const left: Exit = { code: 0 }

/**
 * Joins our terminal to the stream, in raw mode, until the stream ends or `leaveBy` is typed. The mode is restored whatever happens:
 * here at an orderly end, by the exit handler at a signal or a crash.
 */
export async function attachTerminal(stream: MachineStream, { leaveBy }: AttachOptions = {}): Promise<Exit> {
  const { stdin, stdout } = process
  const leaving = Promise.withResolvers<Exit>()
  const typed = (bytes: Buffer) => {
    const at = leaveBy === undefined ? -1 : bytes.indexOf(leaveBy)
    void stream.write(at < 0 ? bytes : bytes.subarray(0, at))
    if (at >= 0) leaving.resolve(left)
  }
  const resized = () => stream.resize(stdout.columns, stdout.rows)
  const restore = () => void stdin.setRawMode(false)
  const hungUp = () => process.exit(129)
  const terminated = () => process.exit(143)
  process.once('exit', restore)
  process.once('SIGHUP', hungUp)
  process.once('SIGTERM', terminated)
  stdin.setRawMode(true)
  stdin.on('data', typed)
  stdout.on('resize', resized)
  passOutput(stream)
  try {
    return await Promise.race([stream.exit, leaving.promise])
  } finally {
    stdout.off('resize', resized)
    stdin.off('data', typed)
    stdin.pause()
    restore()
    process.off('exit', restore)
    process.off('SIGHUP', hungUp)
    process.off('SIGTERM', terminated)
    stream.close()
  }
}

/** Joins our standard input and output to the stream as they are; the end of input is passed on. */
export async function attachPipes(stream: MachineStream): Promise<Exit> {
  passOutput(stream)
  const feed = async () => {
    for await (const bytes of process.stdin) await stream.write(bytes as Buffer)
    stream.eof()
  }
  // A standard input that cannot be read (a directory, a closed terminal) is an empty one.
  feed().catch(() => stream.eof())
  return await stream.exit
}

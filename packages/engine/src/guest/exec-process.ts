import { constants } from 'node:os'
import { Readable, Writable } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import type { GuestProcess } from './guest.ts'

/** Standard streams and end of a command over one ssh channel. `lost`: call it when the connection is gone. */
export function processOf(channel: ClientChannel, lostWhy: () => Error): GuestProcess & { lost(): void } {
  const stdout = outputOf(channel)
  const stderr = outputOf(channel.stderr)
  const stdin = inputOf(channel)
  const exit = Promise.withResolvers<{ code: number; signal?: string }>()
  // Whoever only reads the streams need not hear of a lost connection twice.
  exit.promise.catch(() => {})
  let end: { code: number; signal?: string } | undefined
  channel.on('error', () => {})
  channel.stderr.on('error', () => {})
  // A short command's whole life may come in one packet, and ssh2 tells `exit` before anybody could listen. With `close` it tells the same again.
  const note = (code?: number | null, signal?: string) => {
    if (code !== undefined) end ??= code === null ? { code: codeOf(signal), signal } : { code }
  }
  channel.on('exit', note)
  const settle = () => (end ? exit.resolve(end) : exit.reject(lostWhy()))
  channel.on('close', (code?: number | null, signal?: string) => {
    note(code, signal)
    stdin.destroy()
    // Not before the last output is in the streams; nobody has to have read it there.
    void Promise.all([ended(channel), ended(channel.stderr)]).then(settle)
  })
  return {
    stdin,
    stdout,
    stderr,
    exit: exit.promise,
    resize: (cols, rows) => channel.setWindow(rows, cols, 0, 0),
    signal: (name) => channel.signal(name),
    close() {
      channel.close()
      for (const stream of [stdin, stdout, stderr]) stream.destroy()
      // The server answers only when the command is gone (dropbear), and nobody waits for that any more.
      settle()
    },
    lost() {
      stdin.destroy()
      settle()
    },
  }
}

/** As a shell counts them: 128 + the signal's number. */
const codeOf = (signal: string | undefined) => 128 + (constants.signals[signal as NodeJS.Signals] ?? 0)

const ended = (source: Readable) =>
  new Promise<void>((resolve) => {
    if (source.readableEnded) resolve()
    else source.once('end', resolve)
  })

/**
 * What comes out of a channel, as a stream of its own: it ends, never errs, and when given up it lets the rest flow away, so that the channel can
 * close. A paused reader stops the channel's reading, and its ssh window fills.
 */
function outputOf(source: Readable): Readable {
  const output = new Readable({
    read() {
      source.resume()
    },
    destroy(error, done) {
      source.resume()
      done(error)
    },
  })
  source.on('data', (bytes: Buffer) => {
    if (!output.destroyed && !output.push(bytes)) source.pause()
  })
  source.on('end', () => {
    if (!output.destroyed) output.push(null)
  })
  return output
}

/** What goes into a channel. A channel that closed never calls back (ssh2), so this stream is destroyed then. */
function inputOf(channel: ClientChannel): Writable {
  return new Writable({
    write: (bytes: Buffer, _encoding, done) => void channel.write(bytes, done),
    final(done) {
      channel.end()
      done()
    },
  })
}

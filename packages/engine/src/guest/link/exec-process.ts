import { constants } from 'node:os'
import { Readable, Writable } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import type { GuestProcess } from '../guest.ts'

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
  channel.on('exit', (code: number | null, signal?: string) => {
    end = code === null ? { code: codeOf(signal), signal } : { code }
  })
  const settle = () => (end ? exit.resolve(end) : exit.reject(lostWhy()))
  channel.on('close', () => {
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

/**
 * What goes into a channel. A channel that closed never calls back (ssh2), so this stream is destroyed then. A command may be over before all that it was
 * to be given is written: as with a pipe that nobody reads, the rest has no place to go, and the command's end tells what there is to tell.
 */
function inputOf(channel: ClientChannel): Writable {
  return new Writable({
    write(bytes: Buffer, _encoding, done) {
      if (channel.writable) channel.write(bytes, () => done())
      else done()
    },
    final(done) {
      if (channel.writable) channel.end()
      done()
    },
  }).on('error', () => {})
}

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
  // A caller that only reads the streams must not get an unhandled rejection for a lost connection.
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
    // Settle only when the last output is in the streams; it need not have been read.
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
 * Returns the output of a channel as its own stream: it ends and never fails, and when destroyed it drains the rest, so that the channel can
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
 * Returns the input of a channel as a stream. A closed channel never calls back (ssh2), so this stream is destroyed then. A command may end before its input is
 * written: as with a pipe that nobody reads, the rest is dropped, and the command's end tells the result.
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

import { Duplex } from 'node:stream'
import type { GuestProcess } from '../guest.ts'

/** How long a command or connection in the guest may take to end by itself once both directions have ended here. */
const lingerMs = 30_000

/**
 * A command's input and output, or a connection, as one stream. It ends with the guest's end of it, and fails with nothing: as a socket that was closed. Destroyed early, it
 * hangs up. Ended in both directions it does not: what was sent last is still on its way in the guest, and whoever reads it there ends the command.
 */
export function duplexOf({ stdin, stdout, stderr, exit, close }: Omit<GuestProcess, 'resize' | 'signal'>): Duplex {
  stderr.resume()
  const duplex = new Duplex({
    read: () => void stdout.resume(),
    write: (bytes: Buffer, _encoding, done) => void stdin.write(bytes, () => done()),
    final: (done) => void stdin.end(() => done()),
    destroy(error, done) {
      if (error === null && duplex.readableEnded && duplex.writableFinished) closeLate()
      else close()
      done(error)
    },
  })
  const closeLate = () => {
    const late = setTimeout(close, lingerMs).unref()
    const stay = () => clearTimeout(late)
    exit.then(stay, stay)
  }
  stdout.on('data', (bytes: Buffer) => {
    if (!duplex.destroyed && !duplex.push(bytes)) stdout.pause()
  })
  stdout.on('end', () => {
    if (!duplex.destroyed) duplex.push(null)
  })
  // Not before its output is read: what is still written to it then is dropped, and is no reason to lose the rest of the output.
  const endInput = () => (duplex.readableEnded ? duplex.end() : duplex.once('end', () => duplex.end()))
  exit.then(endInput, () => duplex.destroy())
  return duplex
}

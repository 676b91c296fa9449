import type { Duplex } from 'node:stream'
import type { VmPort } from '../../vmm/vmm.ts'

/** Where it is kept what of a machine's lineage was done. The state is durable when a promise is fulfilled. */
export interface FirstBootRecord {
  read(): Promise<'due' | 'begun' | 'done'>
  save(state: 'begun' | 'done'): Promise<void>
}

/**
 * How long the port stays open after the last answer. A guest whose host leaves at once may lose what was said (it reads an end instead) and then waits 10 s to say its line again: seen in
 * two of three boots.
 */
const farewellMs = 3_000

/** Longest line that a guest may send. */
const largestLine = 200

/**
 * Answers a guest that asks at each boot whether the work of its lineage's first boot may begin. (The boot's configuration cannot say so: a reboot from inside boots with the same one.)
 * Lines of text over the wake port, which nobody else uses before the image's init runs (`initramfs/configure`):
 *
 *   guest: `may-begin BOOT`   host: `yes BOOT`, `again BOOT` or `no BOOT`
 *   guest: `done BOOT`        host: `noted BOOT`
 *
 * `yes` is recorded before it is said, so it is said to one boot of a lineage. `again`: it was said to an earlier boot that never reported; the guest then does what its own mark does not
 * show as done. `BOOT` is the kernel's boot id. Ends when there is no more to say to this boot, when the port closes, or with the signal. A guest that sends anything else is not
 * answered.
 */
export async function answerFirstBoot(port: VmPort, record: FirstBootRecord, signal: AbortSignal): Promise<void> {
  const socket = await port()
  const leave = () => socket.destroy()
  signal.addEventListener('abort', leave, { once: true })
  let allowed: string | undefined
  let farewell: NodeJS.Timeout | undefined
  const answer = async (line: string): Promise<string | undefined> => {
    const [, verb, boot = ''] = /^(may-begin|done) ([0-9a-f-]{36})$/.exec(line) ?? []
    if (verb === undefined) return undefined
    const state = await record.read()
    if (verb === 'done') {
      if (state !== 'done') await record.save('done')
      return `noted ${boot}`
    }
    if (state === 'done') return `no ${boot}`
    if (state === 'begun') return `${boot === allowed ? 'yes' : 'again'} ${boot}`
    await record.save('begun')
    allowed = boot
    return `yes ${boot}`
  }
  try {
    for await (const line of lines(socket)) {
      const said = await answer(line)
      if (said === undefined) continue
      socket.write(`${said}\n`)
      if (/^no/.test(said)) farewell ??= setTimeout(() => socket.end(), farewellMs)
    }
  } finally {
    clearTimeout(farewell)
    signal.removeEventListener('abort', leave)
    socket.end()
  }
}

async function* lines(socket: Duplex): AsyncGenerator<string> {
  let rest = ''
  for await (const bytes of socket) {
    rest += (bytes as Buffer).toString('latin1')
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      yield rest.slice(0, end)
      rest = rest.slice(end + 1)
    }
    if (rest.length > largestLine) rest = ''
  }
}

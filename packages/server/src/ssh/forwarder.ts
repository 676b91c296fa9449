import type { Duplex } from 'node:stream'
import { finished } from 'node:stream/promises'
import { duplexOf, type GuestProcess } from '@ramet/engine'

/** Runs a command in the machine as the user that logged in. */
export type Exec = (command: string) => Promise<GuestProcess>

/** A connection that a program in the machine made to what the forwarder listens on. */
export interface Arrival {
  readonly address: string
  readonly port: number
  /** Once; either this or `drop`. */
  take(): Promise<Duplex>
  drop(): void
}

export interface Forwarder {
  /** The port, or the path of the socket. */
  readonly where: string
  readonly ended: Promise<void>
  close(): void
}

/** The platform's program in every guest (engine, guest/agent/native/forward.c): images need no sshd of their own. */
const program = 'exec /run/ramet/forward'
/** The guest is not believed: nothing that it says is longer. */
const longestLine = 300
const readyLine = /^ready ([0-9a-f]{32}) ([\w./-]{1,108})$/
const openLine = /^open (\d{1,10}) ([0-9a-fA-F.:-]{1,45}) (\d{1,5})$/

/** Listens in the machine: `listen ADDRESS PORT` or `agent`. Rejects with what it said when it cannot. */
export async function openForwarder(exec: Exec, what: string, arrived: (arrival: Arrival) => void): Promise<Forwarder> {
  const { stdin, stdout, stderr, exit, close } = await exec(`${program} ${what}`)
  stdin.on('error', () => {})
  const ready = Promise.withResolvers<string>()
  let said = ''
  stderr.on('data', (bytes: Buffer) => {
    said = (said + bytes.toString()).slice(-longestLine)
  })
  let handle = ''
  let line = ''
  const hear = (text: string) => {
    const [, given, where] = readyLine.exec(text) ?? []
    const [, number, address, port] = openLine.exec(text) ?? []
    if (given !== undefined && where !== undefined && handle === '') {
      handle = given
      ready.resolve(where)
    } else if (handle !== '' && number !== undefined && address !== undefined) {
      arrived({
        address,
        port: Number(port),
        take: async () => duplexOf(await exec(`${program} take ${handle} ${number}`)),
        drop: () => stdin.write(numberBytes(Number(number))),
      })
    } else close()
  }
  stdout.on('data', (bytes: Buffer) => {
    const lines = (line + bytes.toString('latin1')).split('\n')
    line = lines.pop() ?? ''
    lines.forEach(hear)
    if (line.length > longestLine) close()
  })
  const ended = Promise.all([exit.catch(() => {}), finished(stdout).catch(() => {})]).then(() => {
    ready.reject(new Error(said.trim() || 'the forwarding program ended'))
  })
  const where = await ready.promise
  return { where, ended, close }
}

function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import type { ScannedPort } from '@ramet/model/api/ports.ts'
import type { Machines, User } from '../services.ts'

/** Bounds, since a guest says what listens and decides whether it answers. */
const mostPorts = 100
const mostBytes = 1024 * 1024
const atOnce = 10
const answerMs = 2000
const listMs = 10_000

/** Asks a machine what listens, and each port whether it speaks HTTP. Lowest first. */
export async function scanPorts(
  machines: Pick<Machines, 'exec' | 'dial'>,
  user: User,
  runId: string,
  machine: string,
): Promise<ScannedPort[]> {
  const { stdin, stdout, stderr, close } = await machines.exec(user, runId, machine, 'cat /proc/net/tcp /proc/net/tcp6', {})
  stdin.end()
  stderr.resume()
  const numbers = listeningPorts(await textOf(stdout).finally(close)).slice(0, mostPorts)
  const dial = (number: number) => machines.dial(user, runId, machine, number)
  const found: ScannedPort[] = []
  const waiting = [...numbers]
  const probe = async () => {
    for (let number = waiting.shift(); number !== undefined; number = waiting.shift()) {
      const protocol = await protocolOf(dial, number)
      if (protocol) found.push({ machine, number, protocol })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, probe))
  return found.sort((a, b) => a.number - b.number)
}

/** Ports in state LISTEN of /proc/net/tcp and tcp6 (proc_pid_net(5): the second column is the local address, the fourth the state, in hex). */
export function listeningPorts(text: string): number[] {
  const ports = text.split('\n').flatMap((line) => {
    const [, local, , state] = line.trim().split(/\s+/)
    const hex = /^[0-9A-F]{8,32}:([0-9A-F]{4})$/.exec(local ?? '')?.[1]
    return hex !== undefined && state === '0A' ? [Number.parseInt(hex, 16)] : []
  })
  return [...new Set(ports)].filter((port) => port > 0).sort((a, b) => a - b)
}

async function textOf(stdout: NodeJS.ReadableStream): Promise<string> {
  const late = AbortSignal.timeout(listMs)
  let text = ''
  const read = async () => {
    for await (const chunk of stdout) {
      text += String(chunk)
      if (text.length > mostBytes || late.aborted) break
    }
  }
  await Promise.race([read(), once(late, 'abort')])
  return text
}

/** TLS is tried first: servers of TLS answer plain HTTP by a page that says so. */
async function protocolOf(dial: (number: number) => Promise<Duplex>, number: number): Promise<'HTTP' | 'HTTPS' | undefined> {
  if (await within(dial, number, speaksTls)) return 'HTTPS'
  if (await within(dial, number, speaksHttp)) return 'HTTP'
  return undefined
}

async function within(
  dial: (number: number) => Promise<Duplex>,
  number: number,
  asks: (connection: Duplex) => Promise<boolean>,
): Promise<boolean> {
  const connection = await dial(number).catch(() => undefined)
  if (!connection) return false
  connection.on('error', () => {})
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const late = setTimeout(() => resolve(false), answerMs)
  connection.once('close', () => resolve(false))
  try {
    return await Promise.race([promise, asks(connection).catch(() => false)])
  } finally {
    clearTimeout(late)
    connection.destroy()
  }
}

const speaksTls = (socket: Duplex) =>
  new Promise<boolean>((resolve) => {
    const secure = connect({ socket, rejectUnauthorized: false })
    secure.once('secureConnect', () => resolve(true))
    secure.once('error', () => resolve(false))
  })

const speaksHttp = (socket: Duplex) =>
  new Promise<boolean>((resolve) => {
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1', 0, 8)
      if (text.length >= 5) resolve(text.startsWith('HTTP/'))
    })
    socket.once('end', () => resolve(false))
    socket.write('HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  })

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { routes } from '@ramet/model/api/routes.ts'
import fc from 'fast-check'
import { WebSocket } from 'ws'
import { writtenRows } from '../api-fuzz/written-rows.ts'
import { until } from '../harness/processes.ts'
import type { TestServer } from '../harness/server.ts'
import { type Door, openDoors } from './socket-doors.ts'
import { type SocketCase, socketCase, tunnelAddress } from './socket-frames.ts'

const longestMs = 20_000
const atOnce = 8

/** Codes by which a server may end a websocket (RFC 6455, 7.4.1, and 1013 of its registry). */
const closeCodes = [1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 1011, 1013]
const needsReason = [1008, 1011, 1013]

export interface SocketFuzz {
  readonly cases: number
  readonly seed: number
  /** Told what became of how many. */
  progress?(done: number, counts: ReadonlyMap<string, number>): void | Promise<void>
}

/**
 * Talks nonsense over every websocket of a server in the fake world, eight at a time, and right words with faults in them. Throws at a fault of the server's, at one that hangs, at a close without
 * a reason, when places of users or memory of the server are not given back, and when anything has changed.
 */
export async function fuzzSockets(
  server: TestServer,
  id: string,
  { cases, seed, progress }: SocketFuzz,
): Promise<Map<string, number>> {
  using rows = writtenRows(server)
  const doors = await openDoors(server, id)
  const counts = new Map<string, number>()
  let done = 0
  const before = rows.picture()
  const one = fc.record({ door: fc.constantFrom(...doors), address: tunnelAddress, talk: socketCase })
  const shown = ({ door, address, talk }: { door: Door; address: string; talk: SocketCase }) =>
    `${door.name} ${address} ${JSON.stringify(talk).slice(0, 2000)}`
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: atOnce, maxLength: atOnce }), async (together) => {
      const outcomes = await Promise.all(
        together.map((each) =>
          talkThrough(each.door.open(each.address), each.talk, each.door.name === 'tunnel').catch((error: Error) => {
            throw new Error(`${shown(each)}: ${error.message}`, { cause: error })
          }),
        ),
      )
      outcomes.forEach((outcome, at) => {
        const name = `${together[at]?.door.name} ${outcome}`
        counts.set(name, (counts.get(name) ?? 0) + 1)
      })
      done += atOnce
      if (done % 200 < atOnce) {
        const health = await fetch(server.endpoint + routes.health(), { signal: AbortSignal.timeout(longestMs) })
        assert.equal(health.status, 200)
        await progress?.(done, counts)
      }
      assert.equal(rows.picture(), before, 'something has changed')
    }),
    { numRuns: Math.ceil(cases / atOnce), seed, endOnFailure: true },
  )
  assert.deepEqual((await (await server.client()).plays.get(id)).state, 'RUNNING')
  return counts
}

/** Does all of a case, and waits for its end. Answers with what the server did; throws when that is nothing. */
async function talkThrough(socket: WebSocket, { acts, end }: SocketCase, isTunnel: boolean): Promise<string> {
  const refused = Promise.withResolvers<string>()
  socket.on('unexpected-response', async (_, response) => {
    const text = Buffer.concat(await response.toArray()).toString()
    const { statusCode = 0 } = response
    if (statusCode >= 500 && statusCode !== 502 && statusCode !== 503) refused.reject(new Error(`${statusCode} ${text}`))
    else refused.resolve(`refused ${statusCode}`)
    socket.terminate()
  })
  socket.on('error', () => {})
  const said: string[] = []
  socket.on('message', (frame: Buffer, isBinary) => isBinary || said.push(frame.toString().slice(0, 300)))
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  )
  refused.promise.catch(() => {})
  const opened = await within(
    'an answer',
    Promise.race([new Promise((resolve) => socket.on('open', () => resolve('open'))), refused.promise]),
  )
  if (opened !== 'open') return opened as string

  // Text in a tunnel is as wrong: its stream is cut, with what is still under way.
  let isFrameBroken = isTunnel && acts.some((act) => act.do === 'text')
  for (const act of acts) {
    if (socket.readyState !== WebSocket.OPEN) break
    if (act.do === 'text') socket.send(act.text)
    else if (act.do === 'bytes') socket.send(act.bytes)
    else if (act.do === 'pieces')
      for (const [at, piece] of act.pieces.entries()) socket.send(piece, { fin: act.isWhole && at === act.pieces.length - 1 })
    else {
      isFrameBroken = true
      rawOf(socket).write(act.bytes)
    }
  }
  // Whatever was said is read by now, unless it is held back.
  await Promise.race([new Promise((resolve) => socket.once('pong', resolve)), closed, pinged(socket)])
  const isOurs = socket.readyState === WebSocket.OPEN
  if (isOurs && (end === 'cut' || isFrameBroken)) socket.terminate()
  else if (isOurs) socket.close()
  const { code, reason } = await within('the end', closed)
  for (const text of said) assert.ok(!text.includes('internal_error'), text)
  if (isOurs) return `left`
  // What follows a broken frame may be taken for anything.
  assert.ok(closeCodes.includes(code) || (code === 1006 && isFrameBroken), `it closed with ${code} ${reason}`)
  assert.ok(!needsReason.includes(code) || reason !== '', `${code} without a reason`)
  assert.notEqual(reason, 'internal_error')
  return `closed ${code}`
}

const pinged = async (socket: WebSocket): Promise<void> => {
  socket.ping(undefined, undefined, () => {})
  await new Promise((resolve) => setTimeout(resolve, 100))
}

/** The connection below; ws writes only frames that are right. */
const rawOf = (socket: WebSocket) => (socket as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket

async function within<T>(what: string, waited: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`${what} did not come within ${longestMs / 1000} s`)), longestMs)
  try {
    return await Promise.race([waited, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Memory of the server that is its own, in bytes. */
export async function residentBytes(server: TestServer): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024
}

/** All places for websockets are free: none was kept by a connection that has ended. Needs a server with `sockets=COUNT`. */
export async function allPlacesFree(server: TestServer, id: string, count: number): Promise<void> {
  const [exec] = await openDoors(server, id)
  assert.ok(exec)
  await until('all places for websockets to be free', async () => {
    const sockets = Array.from({ length: count }, () => exec.open(''))
    try {
      const all = await Promise.all(
        sockets.map((socket) => {
          socket.on('error', () => {})
          return new Promise<boolean>((resolve) => {
            socket.on('open', () => socket.send('{"type":"exec","command":"sleep 60"}'))
            socket.on('message', (frame: Buffer) => resolve(frame.toString().includes('ready')))
            socket.on('close', () => resolve(false))
          })
        }),
      )
      return all.every((isIn) => isIn)
    } finally {
      for (const socket of sockets) socket.terminate()
    }
  })
}

import { readdir, rm } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import type { Client } from '@ramet/client/client-shape.ts'
import { connect } from '@ramet/client/sdk/ramet.ts'
import { storeAddress } from '@ramet/server/store/address.ts'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { TestServer } from '../tests/harness/server.ts'
import { below, fill, p99s, runsOnRecord } from './control-plane.ts'
import { memoryWhile } from './load/server-memory.ts'
import { closed, echoTunnel, inLanes, liveStatus, throughTunnel } from './load/sockets.ts'
import { residentMiB } from './resident.ts'
import { type Benchmark, type Figure, median, type Want } from './samples.ts'

const sockets = 1000
const commands = 500
const starts = 200
const mebibytes = 1024
const minutes = Number(process.env.RAMET_LOAD_MINUTES ?? 10)
/** Beyond what a server allows one user by itself: who serves so many says so. */
const env = { RAMET_LIMITS: 'runs=20000,runs-on=1000,sockets=3000', RAMET_MEMORY: '4000GiB' }

interface World {
  readonly server: TestServer
  readonly client: Client
  readonly token: string
  /** A run that is on. */
  readonly id: string
}

export const load: Benchmark = {
  name: 'load',
  summary: `${runsOnRecord} runs on record, ${sockets} websockets and ${sockets} tunnels at once, ${mebibytes} MiB through one, ${commands} commands and ${starts} starts at once, and ${minutes} minutes of all; fake world`,
  async measure(progress) {
    const home = testFolder('h', { inMemory: false })
    const server = new TestServer({ fake: true, home, env })
    try {
      await server.start()
      await server.stop()
      await fill(storeAddress(home, undefined))
      await server.start()
      const client = await server.client()
      const { id } = await client.plays.start({ playground: 'debian' })
      await server.reached(id, 'RUNNING')
      const world = { server, client, token: await server.token(), id }
      const figures: Figure[] = []
      for (const part of [lists, oneTunnel, manySockets, manyTunnels, commandsAtOnce, noGrowth, startsAtOnce]) {
        for (const figure of await part(world)) {
          figures.push(figure)
          progress(`${figure.title}: ${median(figure.ours.values).toFixed(1)} ${figure.unit}`)
        }
      }
      await destroyed(world, [id])
      return figures
    } finally {
      await server.kill()
      await rm(home, { recursive: true, force: true })
    }
  },
}

/** A figure that has no rival but its goal. */
function alone(
  title: string,
  unit: string,
  name: string,
  values: number[],
  wants: readonly Want[],
  notes: string[] = [],
): Figure {
  return { title, unit, ours: { name, values }, rival: { name, values }, wants, notes }
}

const took = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await work()
  return performance.now() - began
}

async function lists({ client }: World): Promise<Figure[]> {
  const page = () => client.plays.page({ limit: 50 })
  await p99s(page)
  const values = await p99s(page)
  return [alone(`a page of ${runsOnRecord} runs, p99`, 'ms', 'GET /api/plays', values, below(50, 'ms'))]
}

async function oneTunnel({ server, client, id }: World): Promise<Figure[]> {
  const socket = await echoTunnel(client, id)
  let ms = 0
  const { before, during, after } = await memoryWhile(server.pid, async () => {
    ms = await took(() => throughTunnel(socket, mebibytes * 2 ** 20))
  })
  await closed([socket])
  return [
    alone(`${mebibytes} MiB through one tunnel and back`, 'MiB', 'more memory', [during - before], below(20, 'MiB'), [
      `${before.toFixed(0)} MiB before, at most ${during.toFixed(0)} meanwhile, ${after.toFixed(0)} after; ${((mebibytes * 1000) / ms).toFixed(0)} MiB/s each way`,
    ]),
  ]
}

async function manySockets({ server, id, token }: World): Promise<Figure[]> {
  const before = await residentMiB(server.pid)
  const open = await inLanes(sockets, () => liveStatus(server, id, token))
  const more = (await residentMiB(server.pid)) - before
  const ms = await took(() => server.client().then((client) => client.health()))
  await closed(open)
  return [
    alone(`${sockets} live statuses open: a request beside them`, 'ms', 'GET /api/health', [ms], below(100, 'ms'), [
      `${more.toFixed(0)} MiB more`,
    ]),
  ]
}

async function manyTunnels({ server, client, id }: World): Promise<Figure[]> {
  const before = await residentMiB(server.pid)
  const open = await inLanes(sockets, () => echoTunnel(client, id))
  const ms = await took(() => Promise.all(open.map((socket) => throughTunnel(socket, 1024))))
  const more = (await residentMiB(server.pid)) - before
  await closed(open)
  return [
    alone(`${sockets} tunnels: a kilobyte through each at once and back`, 'ms', 'the last', [ms], below(10_000, 'ms'), [
      `${more.toFixed(0)} MiB more`,
    ]),
  ]
}

async function commandsAtOnce(world: World, count = commands): Promise<Figure[]> {
  const { server, token, id } = world
  const machine = (await connect({ endpoint: server.endpoint, token }).run(id)).machine()
  const ms = await took(async () => {
    const all = await Promise.all(Array.from({ length: count }, (_, n) => machine.exec(`echo ${n}`)))
    const wrong = all.filter(({ stdout }, n) => stdout !== `${n}\n`).length
    if (wrong > 0) throw new Error(`${wrong} of ${count} commands said something else`)
  })
  return [alone(`${count} commands at once on one machine`, 'ms', 'the last', [ms], below(30_000, 'ms'))]
}

/** A little of everything, over and over. */
async function noGrowth(world: World): Promise<Figure[]> {
  const { server, client, id, token } = world
  const round = async () => {
    const statuses = await inLanes(20, () => liveStatus(server, id, token))
    const tunnels = await inLanes(20, () => echoTunnel(client, id))
    await Promise.all(tunnels.map((socket) => throughTunnel(socket, 2 ** 20)))
    await closed([...statuses, ...tunnels])
    await commandsAtOnce(world, 20)
    await client.plays.page({ limit: 50 })
  }
  const descriptors = async () => (await readdir(`/proc/${server.pid}/fd`)).length
  const until = (end: number) => performance.now() + end
  for (let end = until(30_000); performance.now() < end; ) await round()
  const [memory, files] = [await residentMiB(server.pid), await descriptors()]
  let rounds = 0
  for (let end = until(minutes * 60_000); performance.now() < end; rounds += 1) await round()
  const more = (await residentMiB(server.pid)) - memory
  const note = `${rounds} rounds of 20 statuses, 20 tunnels and 20 commands, after half a minute of them`
  return [
    alone(`memory after ${minutes} minutes of load`, 'MiB', 'more', [more], below(20, 'MiB'), [note]),
    alone(`descriptors after ${minutes} minutes of load`, '', 'more', [(await descriptors()) - files], below(20, '')),
  ]
}

/** The last, since what was started goes on. */
async function startsAtOnce(world: World): Promise<Figure[]> {
  let ids: string[] = []
  const ms = await took(async () => {
    ids = (await inLanes(starts, () => world.client.plays.start({ playground: 'debian' }))).map(({ id }) => id)
  })
  await destroyed(world, ids)
  const wants = [{ text: 'at least 200', holds: (rate: number) => rate >= 200 }]
  return [alone(`${starts} starts at once`, 'accepted a second', 'POST /api/plays', [(starts * 1000) / ms], wants)]
}

async function destroyed({ server, client }: World, ids: readonly string[]): Promise<void> {
  await inLanes(ids.length, (n) => client.plays.destroy(ids[n] ?? ''))
  await inLanes(ids.length, (n) => server.reached(ids[n] ?? '', 'DESTROYED', 300_000))
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '@ramet/client/client-shape.ts'
import { makeRunPlan } from '@ramet/model/plan/make-run-plan.ts'
import { specOf } from '@ramet/server/playgrounds/bases.ts'
import { insertRun } from '@ramet/server/runs/new-run.ts'
import { type StoreAddress, storeAddress } from '@ramet/server/store/address.ts'
import { openDatabase, transaction } from '@ramet/server/store/database.ts'
import { findPlayground } from '@ramet/server/store/playgrounds.ts'
import { openOwner } from '@ramet/server/store/users.ts'
import { TestPostgres } from '@ramet/server/testing/store/test-postgres.ts'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { TestServer } from '../tests/harness/server.ts'
import { residentMiB } from './resident.ts'
import type { Benchmark, Figure, Want } from './samples.ts'

export const runsOnRecord = 10_000
const runsInPage = 50
const rounds = 5
const requestsInRound = 200
const floods = 4
/** What requests left behind is collected. */
const settleMs = 15_000

/** Runs of two machines that are off, made as a start makes them. */
export async function fill(address: StoreAddress): Promise<string[]> {
  const db = await openDatabase(address)
  try {
    const user = await openOwner(db)
    const playground = await findPlayground(db, 'duo')
    if (!playground) throw new Error('the catalogue has no playground duo')
    const names = { playground_id: playground.id, playground_name: playground.name, playground_title: playground.title }
    const plan = makeRunPlan(specOf(playground))
    const request = { owner_id: user.id, ...names, plan, title: undefined, clonedFrom: null, start: false }
    const memory = { totalBytes: 0, bytesOf: () => 0 }
    const ids: string[] = []
    while (ids.length < runsOnRecord) {
      await transaction(db, async (trx) => {
        for (let i = 0; i < 1000; i += 1) ids.push(await insertRun(trx, { ...request, memory }))
      })
    }
    return ids
  } finally {
    await db.destroy()
  }
}

/** The 99th percentile of each round, in milliseconds, of requests one after the other. */
export async function p99s(ask: (n: number) => Promise<unknown>): Promise<number[]> {
  const found: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const took: number[] = []
    for (let n = 0; n < requestsInRound; n += 1) {
      const began = performance.now()
      await ask(round * requestsInRound + n)
      took.push(performance.now() - began)
    }
    found.push(took.toSorted((a, b) => a - b)[Math.ceil(took.length * 0.99) - 1] ?? 0)
  }
  return found
}

/** Programs that write to the disk of `folder` and wait for it at each block, until they are ended. */
function flood(folder: string): () => Promise<void> {
  const script = 'while :; do dd if=/dev/zero of="$0" bs=256K count=400 oflag=dsync 2>/dev/null; done'
  const writers: ChildProcess[] = Array.from({ length: floods }, (_, i) =>
    spawn('sh', ['-c', script, join(folder, `flood-${i}`)], { stdio: 'ignore', detached: true }),
  )
  return async () => {
    for (const writer of writers) {
      const ended = once(writer, 'exit')
      process.kill(-(writer.pid ?? 0), 'SIGKILL')
      await ended
    }
  }
}

export const below = (limit: number, unit: string): Want[] => [
  { text: `below ${limit} ${unit}`, holds: (value) => value < limit },
]

async function measureOn(kind: string, server: TestServer, ids: readonly string[]): Promise<Figure[]> {
  const client: Client = await server.client()
  const askPage = (n: number) =>
    client.plays.page({ limit: runsInPage, cursor: n % 2 === 0 ? undefined : ids[(n * 37) % ids.length] })
  const askRun = (n: number) => client.plays.get(ids[(n * 37) % ids.length] ?? '')
  await p99s(askPage)
  await p99s(askRun)
  const idle = { name: 'GET /api/health', values: await p99s(() => client.health()) }
  const page = await p99s(askPage)
  const run = await p99s(askRun)
  await delay(settleMs)
  const memory = await residentMiB(server.pid)
  const figure = (title: string, name: string, values: number[], limit: number, notes: string[] = []): Figure => ({
    title: `${kind}: ${title}`,
    unit: 'ms',
    ours: { name, values },
    rival: idle,
    wants: below(limit, 'ms'),
    notes: [`99th percentiles of ${rounds} rounds of ${requestsInRound} requests`, ...notes],
  })
  const figures = [
    figure(`a page of ${runsInPage} of ${runsOnRecord} runs`, 'GET /api/plays', page, 50),
    figure(`one of ${runsOnRecord} runs`, 'GET /api/plays/ID', run, 10),
    {
      title: `${kind}: memory of the server`,
      unit: 'MiB',
      ours: { name: 'resident', values: [memory] },
      rival: { name: 'resident', values: [memory] },
      wants: below(190, 'MiB (200 MB)'),
      notes: [`${settleMs / 1000} s after all requests above`],
    },
  ]
  const endFlood = flood(server.home)
  // Somebody's writes wait for the disk meanwhile, one after the other.
  let isOver = false
  let written = 0
  const write = async () => {
    while (!isOver) {
      await client.plays.setTitle(ids[0] ?? '', `Title ${written}`)
      written += 1
    }
  }
  const writing = write()
  try {
    const pageInFlood = await p99s(askPage)
    const runInFlood = await p99s(askRun)
    isOver = true
    await writing
    const note = [`${floods} writers with O_DSYNC flood the disk of the home, and ${written} titles were set meanwhile`]
    return [
      ...figures,
      figure('a page of runs while the disk is flooded', 'GET /api/plays', pageInFlood, 100, note),
      figure('one run while the disk is flooded', 'GET /api/plays/ID', runInFlood, 100, note),
    ]
  } finally {
    isOver = true
    await endFlood()
  }
}

async function onStore(kind: string, database: string | undefined, afterFill?: () => Promise<void>): Promise<Figure[]> {
  const home = testFolder('h', { inMemory: false })
  const env: Record<string, string> = database === undefined ? {} : { RAMET_DATABASE: database }
  const server = new TestServer({ fake: true, home, env })
  try {
    await server.start()
    await server.stop()
    const ids = await fill(storeAddress(home, database))
    await afterFill?.()
    await server.start()
    return await measureOn(kind, server, ids)
  } finally {
    await server.kill()
    await rm(home, { recursive: true, force: true })
  }
}

export const controlPlane: Benchmark = {
  name: 'control-plane',
  summary: `${runsOnRecord} runs on record, fake world: lists and single runs, memory, and both while the disk is flooded; both stores`,
  async measure(progress) {
    const sqlite = await onStore('SQLite', undefined)
    progress('SQLite is through')
    await using postgres = await TestPostgres.start()
    const url = await postgres.makeDatabase({ isEmpty: true })
    // A server of its own does that by itself; the tests' does not.
    const postgresql = await onStore('PostgreSQL', url, () => postgres.run(url, 'analyze'))
    return [...sqlite, ...postgresql]
  },
}

import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { waitForPlay } from '@ramet/client/wait-for-play.ts'
import { run } from '@ramet/engine'
import { ImageLibrary } from '@ramet/engine/testing'
import { until } from '../tests/harness/processes.ts'
import { TestServer, testCache } from '../tests/harness/server.ts'
import { ageDisk, aged } from './age-disk.ts'
import { type RivalDisk, RivalYard, rivals } from './rival-copies.ts'
import type { Benchmark, Figure } from './samples.ts'

const samples = 5
const rivalSamples = 3
const GiB = 1024 ** 3
const sizes = [1, 100] as const
const ages = ['fresh', 'aged'] as const
type Age = (typeof ages)[number]
const startWithinMs = 600_000

/** What cloning took, of runs that had been written to since they were last sealed. */
interface Cloning {
  readonly ms: number[]
  /** By which the disk's use grew with the clone. */
  readonly bytes: number[]
}

/** Stopped runs of one machine with a root drive of the given size, each with a top of its own that its guest wrote to. */
async function stoppedRuns(server: TestServer, gib: number): Promise<string[]> {
  const file = join(server.home, `bench-${gib}.yaml`)
  await writeFile(
    file,
    `kind: playground
title: Bench ${gib} GiB
playground:
  machines: [{name: one, users: [{name: root}], drives: [{source: debian-stable, mount: /, size: ${gib}GiB}], resources: {ramSize: 256MiB}}]
  accessControl: {canList: [owner], canRead: [owner], canStart: [owner]}
`,
  )
  const api = await server.client()
  const playground = (await server.ok('playground', 'create', `bench-${gib}`, '-b', 'flexbox', '-f', file, '-q')).trim()
  const reached = (id: string, state: string) =>
    waitForPlay(
      api,
      id,
      (play) => {
        if (play.failure) throw new Error(play.failure.message)
        return play.state === state
      },
      { signal: AbortSignal.timeout(startWithinMs) },
    )
  const ids: string[] = []
  // One after the other: nothing of this is measured, and two boots on two CPUs take longer together than in turn.
  for (let at = 0; at < samples * ages.length; at += 1) {
    const { id } = await api.plays.start({ playground })
    await reached(id, 'RUNNING')
    await api.plays.stop(id, { powerOff: true })
    await reached(id, 'STOPPED')
    ids.push(id)
  }
  return ids
}

async function topOf(server: TestServer, id: string): Promise<string> {
  const folder = join(server.home, 'runs', id, 'drives')
  const [top] = (await readdir(folder)).filter((name) => name.endsWith('.qcow2'))
  if (top === undefined) throw new Error(`run ${id} has no top`)
  return join(folder, top)
}

async function cloneEach(server: TestServer, ids: readonly string[]): Promise<Cloning> {
  const api = await server.client()
  const cloning: Cloning = { ms: [], bytes: [] }
  for (const id of ids) {
    await run(['sync'])
    const before = (await api.usage()).totalBytes
    const began = performance.now()
    await api.plays.clone(id)
    cloning.ms.push(performance.now() - began)
    cloning.bytes.push((await api.usage()).totalBytes - before)
  }
  return cloning
}

/** KiB on the disk of a clone's drive at the moment it is made, which is before its machine is. */
async function firstBytes(server: TestServer, source: string): Promise<number> {
  const api = await server.client()
  const [clone] = await api.plays.clone(source, { start: true })
  const folder = join(server.home, 'runs', clone?.id ?? '', 'drives')
  const { blocks } = await until(
    'the drive of the clone',
    async () => {
      const [top] = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.qcow2'))
      return top === undefined ? undefined : stat(join(folder, top))
    },
    120_000,
    1,
  )
  await api.plays.destroy(clone?.id ?? '')
  return (blocks * 512) / 1024
}

export const clone: Benchmark = {
  name: 'clone',
  summary: `clone of a stopped run through the API, fresh and aged disk, ${sizes.join(' and ')} GiB; ${samples} runs each, beside four ways to copy`,
  async measure(progress) {
    const server = new TestServer()
    const figures: Figure[] = []
    await using yard = await RivalYard.open()
    try {
      await server.start()
      const image = (await (await ImageLibrary.open(testCache)).requireImage('debian-stable')).disk
      for (const gib of sizes) {
        progress(`${samples * ages.length} runs with ${gib} GiB are started and stopped`)
        const ids = await stoppedRuns(server, gib)
        const idsOf = { fresh: ids.slice(0, samples), aged: ids.slice(samples) }
        for (const id of idsOf.aged) await ageDisk(await topOf(server, id), 'qcow2', gib * GiB)
        const ours: Record<Age, Cloning> = {
          fresh: await cloneEach(server, idsOf.fresh),
          aged: await cloneEach(server, idsOf.aged),
        }
        const firstKiB = [await firstBytes(server, idsOf.fresh[0] ?? ''), await firstBytes(server, idsOf.aged[0] ?? '')]
        for (const age of ages) {
          const disk = await yard.disk(image, gib * GiB, `${age}-${gib}`, async (file, format) => {
            if (age === 'aged') await ageDisk(file, format, gib * GiB)
          })
          figures.push(...(await besideRivals(`Clone, ${gib} GiB, ${age}`, ours[age], disk, progress)))
        }
        figures.push(agesFigure(gib, ours), bytesFigure(gib, ours, firstKiB))
      }
      return figures
    } finally {
      await server.dispose()
    }
  },
}

async function besideRivals(title: string, ours: Cloning, disk: RivalDisk, progress: (text: string) => void): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const { name, note, copy } of rivals) {
    const values: number[] = []
    for (let at = 0; at < rivalSamples; at += 1) values.push(await copy(disk))
    progress(`${title}: ${name} ${values.map((ms) => ms.toFixed(0)).join(' ')} ms`)
    figures.push({
      title: `${title}, beside ${name}`,
      unit: 'ms',
      ours: { name: 'POST /plays/ID/clones', values: ours.ms },
      rival: { name, values },
      wants: [{ text: 'at most 50 ms', holds: (ms) => ms <= 50 }],
      notes: [note, 'ours: all drives of the run, sealed and synced, with the answer; files are in the page cache for both'],
    })
  }
  return figures
}

const agesFigure = (gib: number, ours: Record<Age, Cloning>): Figure => ({
  title: `Clone, ${gib} GiB, aged beside fresh`,
  unit: 'ms',
  ours: { name: 'aged', values: ours.aged.ms },
  rival: { name: 'fresh', values: ours.fresh.ms },
  wants: [{ text: 'at most 1.5 times', holds: (one, other) => one / other <= 1.5 }],
  notes: [`aged: ${aged.writtenMiB} MiB written, then ${aged.rewrites} blocks of 4 KiB all over the drive`],
})

const bytesFigure = (gib: number, ours: Record<Age, Cloning>, firstKiB: readonly number[]): Figure => ({
  title: `Bytes of a clone's drive of ${gib} GiB`,
  unit: 'KiB',
  ours: { name: 'when its machine starts', values: firstKiB },
  rival: { name: 'until it starts', values: [...ours.fresh.bytes, ...ours.aged.bytes].map((bytes) => bytes / 1024) },
  wants: [
    { text: 'nothing until it starts', holds: (_, before) => before <= 0 },
    { text: 'at most 1 MiB when it starts', holds: (kib) => kib <= 1024 },
  ],
  notes: ['until it starts: by how much all layers and tops grew with the clone'],
})

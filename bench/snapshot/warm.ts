import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../tests/harness/processes.ts'
import { TestServer } from '../../tests/harness/server.ts'
import type { Figure } from '../samples.ts'
import { ready } from '../server-ready.ts'
import { BenchRuns } from './bench-runs.ts'

const playground = 'debian'
const samples = { cold: 3, warm: 5, spare: 5 }
/** A throwaway run boots, settles and is stopped, once nothing of a user's is on its way up. */
const keptWarmWithinMs = 300_000

/** Starts of an official playground: before and after it is kept warm, and with a spare. */
export async function warmFigures(progress: (text: string) => void): Promise<Figure[]> {
  const server = new TestServer({ warmStarts: true })
  const took: Record<'cold' | 'warm' | 'spare', number[]> = { cold: [], warm: [], spare: [] }
  try {
    await server.start()
    await ready(server)
    await startsFromMemory(server, took, progress)
    await server.restart({ RAMET_SPARE_FOR: '10m' })
    await startsOfSpares(server, took.spare, progress)
  } finally {
    await server.dispose()
  }
  const seconds = (values: readonly number[]) => values.map((ms) => ms / 1000)
  const figure = (title: string, ours: Figure['ours'], notes: string[]): Figure => ({
    ...{ title, unit: 's', ours, rival: { name: 'cold', values: seconds(took.cold) }, notes },
    wants: [{ text: 'at most a quarter of a cold one', holds: (warm, cold) => warm <= cold / 4 }],
  })
  return [
    figure(`Warm start of ${playground} to first command, with a spare`, { name: 'spare', values: seconds(took.spare) }, [
      'the run was started ahead, from the snapshot, and is handed over',
    ]),
    figure(`Warm start of ${playground} to first command, from the snapshot`, { name: 'warm', values: seconds(took.warm) }, [
      'with an identity of its own: machine-id and ssh host keys are new before it is Ready',
    ]),
  ]
}

async function startsFromMemory(
  server: TestServer,
  took: Record<'cold' | 'warm', number[]>,
  progress: (text: string) => void,
): Promise<void> {
  await using runs = await BenchRuns.open(server)
  const deadline = Date.now() + keptWarmWithinMs
  while (took.warm.length < samples.warm) {
    const isCold = took.cold.length < samples.cold
    const { id, firstCommandMs } = await runs.start(playground, { cold: isCold })
    const kind = (await runs.client.plays.get(id)).startKind === 'warm' ? 'warm' : 'cold'
    await runs.destroy(id)
    if (isCold || kind === 'warm') took[kind].push(firstCommandMs)
    else if (Date.now() > deadline) throw new Error(`${playground} is not kept warm in time`)
    else await delay(10_000)
    progress(`${playground}: ${kind} start to first command ${firstCommandMs.toFixed(0)} ms`)
  }
}

async function startsOfSpares(server: TestServer, took: number[], progress: (text: string) => void): Promise<void> {
  await using runs = await BenchRuns.open(server)
  const standing = () => server.output.split('a spare is ready').length
  for (let seen = 1; took.length < samples.spare; seen += 1) {
    await until('a spare to be ready', () => standing() > seen, keptWarmWithinMs)
    const { id, firstCommandMs } = await runs.start(playground)
    took.push(firstCommandMs)
    progress(`${playground}: start of one that stood by to first command ${firstCommandMs.toFixed(0)} ms`)
    await runs.destroy(id)
  }
}

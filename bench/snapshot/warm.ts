import { setTimeout as delay } from 'node:timers/promises'
import { TestServer } from '../../tests/harness/server.ts'
import type { Figure } from '../samples.ts'
import { ready } from '../server-ready.ts'
import { BenchRuns } from './bench-runs.ts'

const playground = 'debian'
const samples = { cold: 3, warm: 5 }
/** A throwaway run boots, settles and is stopped, once nothing of a user's is on its way up. */
const keptWarmWithinMs = 300_000

/** Starts of a playground of the catalogue, before and after it is kept warm. */
export async function warmFigure(progress: (text: string) => void): Promise<Figure> {
  const server = new TestServer({ warmStarts: true })
  const took: Record<'cold' | 'warm', number[]> = { cold: [], warm: [] }
  try {
    await server.start()
    await ready(server)
    await using runs = await BenchRuns.open(server)
    const start = async (cold: boolean) => {
      const { id, firstCommandMs } = await runs.start(playground, { cold })
      const kind = (await runs.client.plays.get(id)).startKind === 'warm' ? 'warm' : 'cold'
      await runs.destroy(id)
      return { kind, firstCommandMs } as const
    }
    const deadline = Date.now() + keptWarmWithinMs
    while (took.warm.length < samples.warm) {
      const isCold = took.cold.length < samples.cold
      const { kind, firstCommandMs } = await start(isCold)
      if (isCold || kind === 'warm') took[kind].push(firstCommandMs)
      else if (Date.now() > deadline) throw new Error(`${playground} is not kept warm in time`)
      else await delay(10_000)
      progress(`${playground}: ${kind} start to first command ${firstCommandMs.toFixed(0)} ms`)
    }
  } finally {
    await server.dispose()
  }
  const seconds = (values: readonly number[]) => values.map((ms) => ms / 1000)
  return {
    title: `Warm start of ${playground} to first command`,
    unit: 's',
    ours: { name: 'warm', values: seconds(took.warm) },
    rival: { name: 'cold', values: seconds(took.cold) },
    wants: [{ text: 'at most a quarter of a cold one', holds: (warm, cold) => warm <= cold / 4 }],
    notes: ['with an identity of its own: machine-id, ssh host keys and authorized keys are new before it is Ready'],
  }
}

import assert from 'node:assert/strict'
import { RametError } from '@ramet/model/errors/error.ts'
import { parseManifest } from '@ramet/model/manifest/parse-manifest.ts'
import { mutatedManifest } from '@ramet/model/testing/manifests.ts'
import fc from 'fast-check'
import { until } from './harness/processes.ts'
import type { TestServer } from './harness/server.ts'

/** Runs at once: each has up to four pretend machines, which are processes. */
const atOnce = 8

/** So many manifests made by chance, the same for the same seed. */
export const manifestsByChance = (count: number, seed: number): string[] => fc.sample(mutatedManifest, { numRuns: count, seed })

export interface FuzzCount {
  taken: number
  refused: number
  started: number
}

/**
 * Makes and starts a playground of each manifest that the server takes, up to `mostStarts`, and waits until it is up with its init tasks over. Returns how many were taken,
 * refused and started, and tells so after each. Fails for a refusal without a position, and for a start that does not come up.
 */
export async function startWhatIsTaken(
  server: TestServer,
  texts: readonly string[],
  mostStarts: number,
  progress: (count: Readonly<FuzzCount>) => void = () => {},
): Promise<FuzzCount> {
  const count: FuzzCount = { taken: 0, refused: 0, started: 0 }
  const { playgrounds, plays, checkManifest } = await server.client()
  const waiting = [...texts]
  const one = async (text: string) => {
    const problems = await checkManifest(text, 'm.yaml')
    const errors = problems.filter(({ severity }) => severity !== 'warning')
    for (const { where, message } of errors) assert.match(where ?? '', /^m\.yaml:\d+:\d+$/, `${message}\n${text}`)
    if (errors.length > 0) count.refused += 1
    else count.taken += 1
    if (errors.length > 0 || count.taken > mostStarts) return
    const { kind: _, playground, ...texts } = parseManifest(text, 'm.yaml').manifest
    const made = await playgrounds
      .create({ ...texts, ...playground, base: texts.base ?? 'flexbox' })
      .catch((error) => told(error, text))
    // A condition without a default is one that each start must give.
    const wanted = (playground.initConditions?.values ?? []).filter((each) => each.default === undefined && !each.nullable)
    const initConditions = Object.fromEntries(wanted.map(({ key, options }) => [key, options[0] ?? 'given']))
    const { id } = await plays.start({ playground: made.name, initConditions }).catch((error) => told(error, text))
    let state = ''
    await until(
      'the run to be up with its init tasks over',
      async () => {
        const play = await plays.get(id)
        state = `${play.state} ${play.failure?.message ?? ''} ${JSON.stringify(play.tasks)}`
        // How big an image is, is known when it is there.
        if (play.failure?.code === 'drive_too_small') return true
        assert.notEqual(play.state, 'FAILED', `${state}\n${text}`)
        return play.state === 'RUNNING' && play.initTasksOver
      },
      120_000,
    ).catch((error) => assert.fail(`${error}: ${state}\n${text}`))
    count.started += 1
    await plays.destroy(id)
    await playgrounds.remove(made.name)
  }
  const work = async () => {
    for (let text = waiting.shift(); text !== undefined; text = waiting.shift()) {
      await one(text)
      progress(count)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  await until('all runs to be gone', async () => (await plays.list()).every(({ state }) => state !== 'DESTROYING'), 120_000)
  return count
}

function told(error: unknown, text: string): never {
  const { code = '', where = '' } = error instanceof RametError ? error : {}
  assert.fail(`it was taken, and then: ${error} ${code} ${where}\n${text}`)
}

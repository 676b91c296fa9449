import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { ImageLibrary } from '@ramet/engine/testing'
import { until } from '../tests/harness/processes.ts'
import { TestServer, testCache } from '../tests/harness/server.ts'
import { throwawaysOf } from '../tests/harness/throwaways.ts'
import type { Benchmark, Figure } from './samples.ts'
import { ready } from './server-ready.ts'

const playground = 'duo'
const machine = 'web'
const images = ['debian-stable', 'debian-docker'] as const
const rounds = 3
const settledWithinMs = 180_000
/** Past this guests and host do nothing by themselves any more. */
const restMs = 5_000

const deeds = ['start', 'live clone', 'stop', 'restart'] as const
type Deed = (typeof deeds)[number]
/** Milliseconds of each, to the first command where one follows. */
type Times = Record<Deed, number>

/** What somebody does in a terminal, one command after the other, each by the CLI. `between`: what passes before each but the first. */
async function deedsOf(server: TestServer, between: (id: string) => Promise<unknown>): Promise<Times> {
  const timed = async (work: () => Promise<unknown>) => {
    const began = performance.now()
    await work()
    return performance.now() - began
  }
  const firstCommand = (id: string) => server.ok('ssh', id, '-m', machine, '--', 'true')
  let id = ''
  let clone = ''
  const start = await timed(async () => {
    id = (await server.ok('playground', 'start', playground, '-q')).trim()
    await firstCommand(id)
  })
  await between(id)
  const cloned = await timed(async () => {
    clone = (await server.ok('playground', 'clone', id, '--live', '-q')).trim()
    await firstCommand(clone)
  })
  await between(clone)
  const stop = await timed(() => server.ok('playground', 'stop', id, '-q'))
  await between(clone)
  const restart = await timed(async () => {
    await server.ok('playground', 'restart', id, '-q')
    await firstCommand(id)
  })
  for (const run of [clone, id]) await server.ok('playground', 'destroy', run, '-q')
  return { start, 'live clone': cloned, stop, restart }
}

const settled = "until systemctl is-system-running --wait 2>/dev/null | grep -qxE 'running|degraded'; do sleep 0.3; done"

/** On a home of its own, on which nothing was ever started. */
async function onFreshHome(
  how: { readonly warmStarts: boolean; readonly env: Record<string, string> },
  act: (server: TestServer) => Promise<Times>,
): Promise<Times> {
  const server = new TestServer({ warmStarts: how.warmStarts, spareFor: '30m' })
  try {
    await server.start(how.env)
    await ready(server)
    return await act(server)
  } finally {
    await server.dispose()
  }
}

/** Each deed on a host that does nothing else, guests included. */
const quietly = () =>
  onFreshHome({ warmStarts: false, env: {} }, (server) =>
    deedsOf(server, async (id) => {
      await server.ramet(['ssh', id, '-m', machine, '--', settled], { timeoutMs: settledWithinMs })
      await delay(restMs)
    }),
  )

/** One after the other, at once, with what a server does by default. */
const asAPerson = () =>
  onFreshHome({ warmStarts: true, env: { RAMET_QUIET_FOR: '1m' } }, (server) => deedsOf(server, async () => {}))

/** Each deed while the server makes a warm start of the same playground: it must stand still. */
const besideBackground = () =>
  onFreshHome({ warmStarts: true, env: { RAMET_QUIET_FOR: '2s' } }, (server) =>
    deedsOf(server, () => until('a throwaway run to be on its way', () => throwawaysOf(server).length > 0, settledWithinMs, 100)),
  )

export const asAPersonBenchmark: Benchmark = {
  name: 'as-a-person',
  summary: `on a fresh home the first start of ${playground}, at once a live clone, a stop, a restart, each by the CLI to the first command; ${rounds} rounds beside a quiet host`,
  async measure(progress) {
    progress('images of the playground, built before anything is measured')
    const library = await ImageLibrary.open(testCache)
    for (const image of images) await library.requireImage(image)
    const kinds = { quiet: quietly, person: asAPerson, background: besideBackground }
    const took: Record<keyof typeof kinds, Times[]> = { quiet: [], person: [], background: [] }
    for (let round = 1; round <= rounds; round += 1) {
      for (const kind of Object.keys(kinds) as (keyof typeof kinds)[]) {
        const times = await kinds[kind]()
        took[kind].push(times)
        progress(`round ${round}, ${kind}: ${deeds.map((deed) => `${deed} ${(times[deed] / 1000).toFixed(2)} s`).join(', ')}`)
      }
    }
    const seconds = (kind: keyof typeof kinds, deed: Deed) => took[kind].map((times) => times[deed] / 1000)
    const figure = (deed: Deed, kind: 'person' | 'background', title: string, notes: string[]): Figure => ({
      title: `${deed}, ${title}`,
      unit: 's',
      ours: { name: title, values: seconds(kind, deed) },
      rival: { name: 'quiet host', values: seconds('quiet', deed) },
      wants: [{ text: 'at most 1.5 times', holds: (ours, rival) => ours / rival <= 1.5 }],
      notes,
    })
    return [
      ...deeds.map((deed) => figure(deed, 'person', 'one after the other', [])),
      ...deeds
        .filter((deed) => deed !== 'start')
        .map((deed) =>
          figure(deed, 'background', 'while a warm start is made', [
            'the server begins 2 s after the last deed instead of a minute; the throwaway run is on its way when the next begins',
          ]),
        ),
    ]
  },
}

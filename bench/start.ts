import { performance } from 'node:perf_hooks'
import { waitForPlay } from '@ramet/client/wait-for-play.ts'
import { ImageLibrary } from '@ramet/engine/testing'
import { plainSpec } from '@ramet/model/api/wire-spec.ts'
import { makeRunPlan } from '@ramet/model/plan/make-run-plan.ts'
import { TestServer, testCache } from '../tests/harness/server.ts'
import { untilRunning } from '../tests/harness/until-running.ts'
import { type BareParts, bareStart } from './bare-vm.ts'
import { type Benchmark, median } from './samples.ts'
import { ready } from './server-ready.ts'

const pairs = 7
const playground = 'debian'
const startWithinMs = 240_000

/** Milliseconds from the request to what happened, in order. */
interface Timeline {
  readonly steps: ReadonlyMap<string, number>
  readonly firstCommandMs: number
}

/** POST /plays, events until RUNNING, then `true` over the exec websocket, as a client does it. Destroys the run afterwards, outside the measured time. */
async function startThroughApi(server: TestServer): Promise<Timeline> {
  const client = await server.client()
  const steps = new Map<string, number>()
  const began = performance.now()
  const { id, machines } = await client.plays.start({ playground })
  const since = () => performance.now() - began
  steps.set('answer to the POST', since())
  const note = (name: string) => {
    if (!steps.has(name)) steps.set(name, since())
  }
  try {
    await untilRunning(client, id, {
      onPlay: ({ state, progress }) => note(state === 'RUNNING' ? 'RUNNING' : (progress?.step ?? state)),
      signal: AbortSignal.timeout(startWithinMs),
    })
    const command = client.exec(id, machines[0]?.name ?? '', { command: 'true' })
    const { code } = await command.exit
    if (code !== 0) throw new Error(`\`true\` exited ${code}`)
    return { steps, firstCommandMs: since() }
  } finally {
    await client.plays.destroy(id)
    await waitForPlay(client, id, ({ state }) => state === 'DESTROYED', { signal: AbortSignal.timeout(startWithinMs) })
  }
}

async function bareParts(server: TestServer): Promise<BareParts> {
  const client = await server.client()
  const accelerator = await ready(server)
  const plan = makeRunPlan(plainSpec(await client.playgrounds.get(playground)))
  const library = await ImageLibrary.open(testCache)
  const source = plan.machines[0]?.drives[0]?.source ?? ''
  return { pack: await library.requireKernelPack(), image: await library.requireImage(source), plan, accelerator }
}

export const start: Benchmark = {
  name: 'start',
  summary: `start of \`${playground}\` through the API to the first command, beside bare QEMU; ${pairs} interleaved pairs`,
  async measure(progress) {
    const server = new TestServer()
    try {
      await server.start()
      const parts = await bareParts(server)
      progress('one start of each unmeasured, so that both find files in the page cache')
      await startThroughApi(server)
      await bareStart(parts)
      const api: Timeline[] = []
      const bare: { loginMs: number; firstCommandMs: number }[] = []
      for (let pair = 0; pair < pairs; pair += 1) {
        // The order changes each time: whatever the host does over time falls on both.
        const both = [
          async () => void api.push(await startThroughApi(server)),
          async () => void bare.push(await bareStart(parts)),
        ]
        for (const measure of pair % 2 === 0 ? both : both.toReversed()) await measure()
        progress(
          `pair ${pair + 1} of ${pairs}: ${api.at(-1)?.firstCommandMs.toFixed(0)} ms through the API, ${bare.at(-1)?.firstCommandMs.toFixed(0)} ms bare`,
        )
      }
      const { accelerator, pack } = parts
      return [
        {
          title: 'Start to first command',
          unit: 's',
          ours: { name: 'through the API', values: api.map(({ firstCommandMs }) => firstCommandMs / 1000) },
          rival: { name: 'bare QEMU', values: bare.map(({ firstCommandMs }) => firstCommandMs / 1000) },
          wants: [
            { text: 'at most 0.5 s more', holds: (ours, rival) => ours - rival <= 0.5 },
            { text: 'at most 1.1 times', holds: (ours, rival) => ours / rival <= 1.1 },
          ],
          notes: [
            `accelerator ${accelerator}, kernel ${pack.release}; medians of when each step began: ${describeSteps(api)}`,
            `bare: login after ${median(bare.map(({ loginMs }) => loginMs)).toFixed(0)} ms`,
            'bare: qemu-img create of an overlay, QEMU, login and `true` over virtio-serial; the same kernel, initramfs, disk and devices, but user-mode network',
            'instead of namespace and tap, no sandbox, no unprivileged user, nothing remembered or synced; its initramfs and keys were made before the clock ran',
          ],
        },
      ]
    } finally {
      await server.dispose()
    }
  },
}

function describeSteps(timelines: readonly Timeline[]): string {
  const names = [...(timelines[0]?.steps.keys() ?? [])]
  const at = (name: string) => median(timelines.flatMap(({ steps }) => steps.get(name) ?? []))
  return names.map((name) => `${name} ${at(name).toFixed(0)} ms`).join(', ')
}

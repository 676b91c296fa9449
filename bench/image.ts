import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { waitForPlay } from '@ramet/client/wait-for-play.ts'
import { type DockerRegistry, ImageLibrary, pushImage, run, startDockerRegistry, testImage } from '@ramet/engine/testing'
import { TestServer, testCache } from '../tests/harness/server.ts'
import { untilRunning } from '../tests/harness/until-running.ts'
import { residentMiB } from './resident.ts'
import { type Benchmark, type Figure, median } from './samples.ts'
import { ready } from './server-ready.ts'

const pairs = 5
const starts = 3
const withinMs = 600_000
const layers = [['./usr/lib'], ['./usr/bin', './usr/sbin'], ['.']] as const

export const image: Benchmark = {
  name: 'image',
  summary: 'a root from a registry: pull and conversion beside skopeo, umoci and mke2fs; starts from it',
  async measure(progress) {
    const scratch = await mkdtemp('/var/tmp/rt-bench-image-')
    const server = new TestServer()
    const registry = await startDockerRegistry()
    try {
      const size = await pushRoot(scratch, registry)
      progress(`the image has ${size.packedMiB} MiB in ${layers.length} layers, ${size.treeMiB} MiB unpacked`)
      await server.start()
      await ready(server)
      const conversion = await conversions({ server, registry, scratch, progress })
      return [...conversion, ...(await startFigures({ server, registry, scratch, progress }))]
    } finally {
      await server.ramet(['image', 'rm', referenceOf(registry)])
      await server.dispose()
      await registry.stop()
      await rm(scratch, { recursive: true, force: true })
    }
  },
}

interface Parts {
  readonly server: TestServer
  readonly registry: DockerRegistry
  readonly scratch: string
  progress(text: string): void
}

const referenceOf = ({ host }: DockerRegistry) => `oci://${host}/root:latest`

/** Debian with Docker, as three layers of gzip. */
async function pushRoot(scratch: string, registry: DockerRegistry): Promise<{ packedMiB: number; treeMiB: number }> {
  const { disk } = await (await ImageLibrary.open(testCache)).requireImage('debian-docker')
  const script = [
    'qemu-img convert -O raw "$1" raw',
    'mkdir root',
    "debugfs -R 'rdump / root' raw 2>/dev/null",
    'rm -rf raw root/lost+found',
    // debugfs gives the owner after the mode, which takes set-id bits away.
    'chmod 4755 root/usr/bin/sudo',
    ...layers.map((paths, at) => {
      const others = layers.slice(0, at).flatMap((each) => each.map((path) => `--exclude=${path}`))
      return `tar --numeric-owner -C root ${others.join(' ')} -c ${paths.join(' ')} | gzip -6 >${at}.tgz`
    }),
    'du -sm root',
    'rm -rf root',
  ].join('\n')
  const { stdout } = await run(['sh', '-ec', script, 'sh', disk], { cwd: scratch, timeoutMs: withinMs })
  const packed = await Promise.all(layers.map((_, at) => readFile(join(scratch, `${at}.tgz`))))
  await pushImage(registry.endpoint, 'root', 'latest', testImage(packed, { isCompressed: true, format: 'docker' }))
  const bytes = packed.reduce((sum, { length }) => sum + length, 0)
  return { packedMiB: Math.round(bytes / 2 ** 20), treeMiB: Number(/^\d+/.exec(stdout)?.[0]) }
}

async function conversions({ server, registry, scratch, progress }: Parts): Promise<Figure[]> {
  const [ours, theirs, before, peak]: [number[], number[], number[], number[]] = [[], [], [], []]
  // Nothing of it is a sample: the programs are compiled, and the files are in the page cache for both.
  await pull(server, registry)
  for (let pair = 0; pair < pairs; pair++) {
    await server.ok('image', 'rm', referenceOf(registry))
    before.push(await residentMiB(server.pid))
    const pulled = await pull(server, registry)
    ours.push(pulled.ms)
    peak.push(pulled.peakMiB)
    theirs.push(await byOthers(registry, scratch))
    progress(`${pair + 1} of ${pairs}: ${ours.at(-1)?.toFixed(0)} and ${theirs.at(-1)?.toFixed(0)} ms`)
  }
  return [
    {
      title: 'Pull and conversion',
      unit: 'ms',
      ours: { name: 'ramet image pull', values: ours },
      rival: { name: 'skopeo copy, umoci unpack, mke2fs -d', values: theirs },
      wants: [{ text: 'ratio at most 0.7', holds: (mine, rival) => mine <= 0.7 * rival }],
      notes: ['Ours keeps the layers, synced; mke2fs syncs its file for both.'],
    },
    {
      title: 'Memory of the server meanwhile',
      unit: 'MiB',
      ours: { name: 'at most', values: peak },
      rival: { name: 'before', values: before },
      wants: [{ text: 'less than 200 MiB more', holds: (mine, rival) => mine - rival < 200 }],
      notes: [],
    },
  ]
}

/** Until the image is ready, and the most memory that the server had on the way. */
async function pull(server: TestServer, registry: DockerRegistry): Promise<{ ms: number; peakMiB: number }> {
  const client = await server.client()
  const name = referenceOf(registry)
  const over = new AbortController()
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(withinMs)])
  let peakMiB = 0
  const watch = async () => {
    for (; !signal.aborted; await delay(50)) peakMiB = Math.max(peakMiB, await residentMiB(server.pid))
  }
  const events = client.events({ signal })
  const began = performance.now()
  await client.images.build(name)
  const watched = watch()
  try {
    // Told by events: asking for the list again and again would cost the server as much as the pull does.
    for await (const event of events) {
      if (event.kind !== 'image' || event.image.name !== name) continue
      if (event.image.error) throw new Error(event.image.error.message)
      if (event.image.state === 'ready') return { ms: performance.now() - began, peakMiB }
    }
  } finally {
    over.abort()
    await watched
  }
  throw new Error('the image is not there')
}

async function byOthers({ host }: DockerRegistry, scratch: string): Promise<number> {
  const folder = join(scratch, 'theirs')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  const began = performance.now()
  const script = `skopeo copy -q --src-tls-verify=false docker://${host}/root:latest oci:oci:x
umoci unpack --image oci:x bundle >/dev/null
mke2fs -q -F -t ext4 -d bundle/rootfs disk 2g`
  await run(['sh', '-ec', script], { cwd: folder, timeoutMs: withinMs })
  return performance.now() - began
}

async function startFigures({ server, registry, progress }: Parts): Promise<Figure[]> {
  await server.ok('image', 'rm', referenceOf(registry))
  const single = await playgroundOf(server, registry, 1)
  const triple = await playgroundOf(server, registry, 3)
  const first = await start(server, single)
  const [one, three]: [number[], number[]] = [[], []]
  const steps = new Set<string>()
  for (let pair = 0; pair < starts; pair++) {
    const again = await start(server, single)
    for (const step of again.steps) steps.add(step)
    one.push(again.ms)
    three.push((await start(server, triple)).ms)
    progress(`${pair + 1} of ${starts}: one machine ${one.at(-1)?.toFixed(0)} ms, three ${three.at(-1)?.toFixed(0)} ms`)
  }
  const converted = [...steps].filter((step) => /^(Fetching|Unpacking|Making the filesystem|Writing)/.test(step))
  return [
    {
      title: 'Second start',
      unit: 'ms',
      ours: { name: 'the image is there', values: one },
      rival: { name: 'the first, with pull and conversion', values: [first.ms] },
      wants: [{ text: 'no conversion', holds: (mine, rival) => converted.length === 0 && mine < rival }],
      notes: [`steps: ${[...steps].join(', ')}`],
    },
    {
      title: 'Three machines of one image',
      unit: 'ms',
      ours: { name: 'three', values: three },
      rival: { name: 'one', values: one },
      wants: [{ text: 'at most twice', holds: (mine, rival) => mine <= 2 * rival }],
      notes: [`median of ${starts}: ${median(three).toFixed(0)} and ${median(one).toFixed(0)} ms`],
    },
  ]
}

async function playgroundOf(server: TestServer, registry: DockerRegistry, machines: number): Promise<string> {
  const drive = { source: referenceOf(registry), mount: '/', size: '4GiB' }
  const { name } = await (await server.client()).playgrounds.create({
    name: `bench-${machines}`,
    base: 'flexbox',
    title: `Machines: ${machines}`,
    machines: Array.from({ length: machines }, (_, at) => ({
      name: `m${at}`,
      drives: [drive],
      resources: { cpuCount: 1, ramSize: '512MiB' },
    })),
  })
  return name
}

/** To the first command in each machine. Destroys the run afterwards, outside the measured time. */
async function start(server: TestServer, playground: string): Promise<{ ms: number; steps: ReadonlySet<string> }> {
  const client = await server.client()
  const steps = new Set<string>()
  const began = performance.now()
  const { id, machines } = await client.plays.start({ playground })
  try {
    await untilRunning(client, id, {
      onPlay: ({ progress }) => progress && steps.add(progress.step),
      signal: AbortSignal.timeout(withinMs),
    })
    for (const { name } of machines) {
      const { code } = await client.exec(id, name, { command: 'true' }).exit
      if (code !== 0) throw new Error(`\`true\` exited ${code}`)
    }
    return { ms: performance.now() - began, steps }
  } finally {
    await client.plays.destroy(id)
    await waitForPlay(client, id, ({ state }) => state === 'DESTROYED', { signal: AbortSignal.timeout(withinMs) })
  }
}

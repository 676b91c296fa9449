import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { run } from '@ramet/engine'
import { vmProcesses } from '../../tests/harness/leftovers.ts'
import type { Figure } from '../samples.ts'
import type { BenchRuns, Shape } from './bench-runs.ts'

const clones = 10
const laterMs = 60_000

/** Private bytes of one VM in MiB. */
interface Private {
  /** Of guest RAM: what the clone does not share with the file of the snapshot and so with all others. */
  readonly ram: number
  /** Of everything else: QEMU's heap, stacks, code cache. */
  readonly vmm: number
}

/** proc(5), smaps. RAM is the mapping of the snapshot's file. */
async function privateOf(pid: number): Promise<Private> {
  const smaps = await readFile(`/proc/${pid}/smaps`, 'utf8')
  let ram = 0
  let vmm = 0
  for (const mapping of smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const kib = [...mapping.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)].reduce((sum, [, value]) => sum + Number(value), 0)
    if (/\.ram$/.test(mapping.split('\n', 1)[0] ?? '')) ram += kib / 1024
    else vmm += kib / 1024
  }
  return { ram, vmm }
}

async function availableMiB(): Promise<number> {
  await run(['sync'])
  return Number(/^MemAvailable:\s+(\d+) kB/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1]) / 1024
}

/** Ten live clones of one machine with memory in use, at once and a minute later. */
export async function memoryFigures(
  runs: BenchRuns,
  shape: Shape,
  playground: string,
  progress: (text: string) => void,
): Promise<Figure[]> {
  const { id } = await runs.start(playground)
  await runs.settle(id, shape)
  const before = await availableMiB()
  const { ids, runningMs } = await runs.cloneLive(id, clones)
  const pids = (await Promise.all(ids.map((clone) => vmProcesses(runs.server.home, clone)))).flat()
  const look = async () => ({ each: await Promise.all(pids.map(privateOf)), gone: (before - (await availableMiB())) / clones })
  const atOnce = await look()
  progress(`${clones} clones are RUNNING after ${runningMs.toFixed(0)} ms; looked at again in ${laterMs / 1000} s`)
  await delay(laterMs)
  const later = await look()
  await runs.destroy(...ids, id)
  const ramOf = ({ each }: typeof later) => each.map(({ ram }) => ram)
  const vmmOf = ({ each }: typeof later) => each.map(({ vmm }) => vmm)
  const figure = (title: string, ofLook: (look: typeof later) => number[], rest: Pick<Figure, 'wants' | 'notes'>): Figure => ({
    ...{ title, unit: 'MiB', ...rest },
    ours: { name: `after ${laterMs / 1000} s`, values: ofLook(later) },
    rival: { name: 'at once', values: ofLook(atOnce) },
  })
  const atMost = shape.filledMiB / 4
  return [
    figure(`Private guest RAM of each of ${clones} live clones of a machine with ${shape.filledMiB} MiB used`, ramOf, {
      wants: [{ text: `at most ${atMost} MiB, a quarter of what is used`, holds: (ms, once) => Math.max(ms, once) <= atMost }],
      notes: ['Private_Dirty and Private_Clean of the mapping of the snapshot’s RAM file (smaps)'],
    }),
    figure('Private memory of each beside guest RAM', vmmOf, { wants: [], notes: ['QEMU’s heap, stacks and code cache'] }),
    figure('MemAvailable less for each', ({ gone }) => [gone], {
      wants: [],
      notes: [
        `all of them together, divided by ${clones}; with the RAM file of the snapshot (page cache) and what the server and network took`,
      ],
    }),
  ]
}

import { ImageLibrary } from '@ramet/engine/testing'
import { plainSpec } from '@ramet/model/api/wire-spec.ts'
import { makeRunPlan } from '@ramet/model/plan/make-run-plan.ts'
import { TestServer, testCache } from '../tests/harness/server.ts'
import type { Benchmark, Figure } from './samples.ts'
import { ready } from './server-ready.ts'
import { BenchRuns, image, type Shape } from './snapshot/bench-runs.ts'
import { type SaveAndRestore, saveAndRestore, whyNoLibvirt } from './snapshot/libvirt.ts'
import { memoryFigures } from './snapshot/memory.ts'
import { pauseFigures } from './snapshot/pause.ts'
import { measureTimes, timeFigures } from './snapshot/times.ts'
import { warmFigures } from './snapshot/warm.ts'

const pair: Shape = { name: 'pair', machines: ['m1', 'm2'], ramMiB: 512, filledMiB: 0 }
const big: Shape = { name: 'big', machines: ['m1'], ramMiB: 4096, filledMiB: 1024 }
const small: Shape = { name: 'small', machines: ['m1'], ramMiB: 512, filledMiB: 200 }
const rivalSamples = 3

export const snapshot: Benchmark = {
  name: 'snapshot',
  summary:
    'stop, restart, live clones and warm starts, of two machines of 512 MiB and of one of 4 GiB with 1 GiB used, beside a boot and virsh; memory of ten clones',
  async measure(progress) {
    // As people have it. With no quiet time, as in tests, memory is written to the disk and digested while the next thing is measured.
    const server = new TestServer({ env: { RAMET_QUIET_FOR: '' } })
    try {
      await server.start()
      const accelerator = await ready(server)
      await using runs = await BenchRuns.open(server)
      const playgrounds = {
        pair: await runs.createPlayground(pair),
        big: await runs.createPlayground(big),
        small: await runs.createPlayground(small),
      }
      const times = {
        pair: await measureTimes(runs, pair, { playground: playgrounds.pair, ten: true, busy: true }, progress),
        big: await measureTimes(runs, big, { playground: playgrounds.big, ten: false, busy: false }, progress),
      }
      const memory = await memoryFigures(runs, small, playgrounds.small, progress)
      const missing = await whyNoLibvirt()
      const virsh = async (shape: Shape, playground: string): Promise<SaveAndRestore | undefined> => {
        if (missing !== undefined) return undefined
        progress(`${shape.name}: virsh save and restore`)
        const plan = makeRunPlan(plainSpec(await runs.client.playgrounds.get(playground)))
        const library = await ImageLibrary.open(testCache)
        const parts = { pack: await library.requireKernelPack(), image: await library.requireImage(image), plan }
        return saveAndRestore({ ...parts, filledMiB: shape.filledMiB, accelerator }, rivalSamples, progress)
      }
      if (missing !== undefined) progress(missing)
      const figures: Figure[] = [
        ...pauseFigures(times.pair.idleCuts, times.pair.busyCuts),
        ...timeFigures(pair, times.pair, await virsh(pair, playgrounds.pair)),
        ...timeFigures(big, times.big, await virsh(big, playgrounds.big)),
        ...(await warmFigures(progress)),
        ...memory,
      ]
      return missing === undefined ? figures : figures.map((figure) => ({ ...figure, notes: [...figure.notes, missing] }))
    } finally {
      await server.dispose()
    }
  },
}

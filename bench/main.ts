import { availableParallelism, loadavg } from 'node:os'
import { inTestRoot } from '../scripts/testing/test-root.ts'
import { asAPersonBenchmark } from './as-a-person.ts'
import { clone } from './clone.ts'
import { controlPlane } from './control-plane.ts'
import { idle } from './idle.ts'
import { image } from './image.ts'
import { load } from './load.ts'
import { manyRunsAtOnce } from './many-runs.ts'
import { type Benchmark, describeFigure, missed } from './samples.ts'
import { serverStart } from './server-start.ts'
import { snapshot } from './snapshot.ts'
import { ssh } from './ssh.ts'
import { start } from './start.ts'

/** `npm run bench [-- NAME…]`: every figure beside its rival from one run, with the raw samples. Exits 1 when one misses what is wanted. */
const benchmarks: readonly Benchmark[] = [
  start,
  clone,
  snapshot,
  manyRunsAtOnce,
  serverStart,
  idle,
  image,
  controlPlane,
  asAPersonBenchmark,
  ssh,
  load,
]

const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => benchmarks.every((benchmark) => benchmark.name !== name))
if (unknown.length > 0) {
  process.stderr.write(`There is no benchmark ${unknown.join(', ')}. There are:\n`)
  for (const { name, summary } of benchmarks) process.stderr.write(`  ${name.padEnd(14)}${summary}\n`)
  process.exit(2)
}

const loadNow = () =>
  loadavg()
    .map((value) => value.toFixed(1))
    .join(' ')
let misses = 0
// Servers, VMs and folders of a bench that is ended, or fails, go with its root.
const found = await inTestRoot(async (root) => {
  Object.assign(process.env, root.environment({ inMemory: false }))
  for (const { name, summary, measure } of benchmarks) {
    if (chosen.length > 0 && !chosen.includes(name)) continue
    process.stdout.write(`\n── ${name}: ${summary}\n   ${availableParallelism()} CPUs, load before ${loadNow()}\n`)
    const figures = await measure((text) => process.stderr.write(`   ${text}\n`))
    for (const figure of figures) {
      misses += missed(figure).length
      process.stdout.write(`\n${describeFigure(figure)}\n`)
    }
    process.stdout.write(`\n  load after ${loadNow()}; repeat with: npm run bench -- ${name}\n`)
  }
})
for (const thing of found) process.stderr.write(`left behind: ${thing}\n`)
process.stdout.write(misses === 0 ? '\nEvery figure is as wanted.\n' : `\n${misses} missed.\n`)
process.exitCode = misses === 0 ? 0 : 1

import { TestServer } from '../tests/harness/server.ts'
import { type ManyRunsFigures, manyRuns } from '../tests/many-runs.ts'
import type { Benchmark } from './samples.ts'

const times = 3
const count = 10

export const manyRunsAtOnce: Benchmark = {
  name: 'many-runs',
  summary: `${count} runs of one machine started, stopped, restarted and destroyed at once, beside one; ${times} times`,
  async measure(progress) {
    const server = new TestServer()
    try {
      await server.start()
      await manyRuns(server, 1)
      const [ten, one]: [ManyRunsFigures[], ManyRunsFigures[]] = [[], []]
      for (let at = 0; at < times; at += 1) {
        one.push(await manyRuns(server, 1))
        ten.push(await manyRuns(server, count))
        progress(`${at + 1} of ${times}: started in ${ten.at(-1)?.start.toFixed(1)} s, one in ${one.at(-1)?.start.toFixed(1)} s`)
      }
      return (['start', 'stop', 'restart', 'destroy'] as const).map((step) => ({
        title: `${count} runs at once: ${step}`,
        unit: 's',
        ours: { name: `${count} runs, the last`, values: ten.map((figures) => figures[step]) },
        rival: { name: 'one run', values: one.map((figures) => figures[step]) },
        wants: [{ text: `at most ${count} times one`, holds: (mine, single) => mine <= count * single }],
        notes: step === 'stop' ? ['with memory: a snapshot of each'] : [],
      }))
    } finally {
      await server.dispose()
    }
  },
}

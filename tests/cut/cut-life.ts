import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { leftovers } from '../harness/leftovers.ts'
import { until } from '../harness/processes.ts'
import { TestServer } from '../harness/server.ts'
import { countingGoesOn, countsNow, createCountingPlayground, startCounting } from './counting.ts'
import { readCut } from './cut-files.ts'

const heldMiB = 200

interface Generation {
  /** The CLI's `clone --live`, until the clone was Ready. */
  readonly commandMs: number
  readonly pauseMs: number
  /** Of the cut. */
  readonly totalMs: number
  readonly snapshotBytes: number
  readonly layerBytes: number
  readonly depth: number
}

/** Clones of clones, each cut while one machine writes numbers to its drive and sends them to the other, which writes to memory all the time. On real VMs. */
export function cutLife({ generations }: { readonly generations: number }): void {
  describe(`live clones to generation ${generations}, of machines that count`, { concurrency: false }, () => {
    const server = new TestServer()
    const figures: Generation[] = []
    let newest = ''

    before(async () => {
      await server.start()
      newest = (await (await server.client()).plays.start({ playground: await createCountingPlayground(server) })).id
      await until(
        'the run to be RUNNING',
        async () => (await (await server.client()).plays.get(newest)).state === 'RUNNING',
        900_000,
      )
      await startCounting(server, newest, heldMiB)
      await countingGoesOn(server, newest)
    })
    after(() => server.dispose())

    for (let generation = 1; generation <= generations; generation++) {
      test(`memory, drives and connection of generation ${generation} are of one instant, and go on there and in its source`, async (t) => {
        const source = newest
        const earlier = await countsNow(server, source)
        const began = performance.now()
        newest = (await server.ok('playground', 'clone', source, '--live', '-q')).trim()
        const commandMs = performance.now() - began
        const { writer, holder, drive, ...sizes } = await readCut(server.home, newest)
        // The way of each number: begun in memory, on the drive, known to be there, at the other machine, answered. No two of these can be one apart from another instant.
        const way = [writer.acknowledged, holder.got, writer.synced, drive, writer.begun]
        t.diagnostic(`acknowledged, got, synced, on the drive, begun: ${way.join(' ')}`)
        assert.deepEqual(
          way.toSorted((a, b) => a - b),
          way,
        )
        assert.ok(writer.begun - writer.acknowledged <= 1)
        assert.ok(writer.acknowledged >= earlier.writer.acknowledged && holder.passes >= earlier.holder.passes)

        const { pauseMs, totalMs } = lastCut(server.output)
        figures.push({ commandMs, pauseMs, totalMs, ...sizes })
        t.diagnostic(JSON.stringify(figures.at(-1)))
        for (const run of [source, newest]) await countingGoesOn(server, run)
        assert.ok((await countsNow(server, newest)).writer.acknowledged > writer.acknowledged)
        await server.ok('playground', 'destroy', source, '-q')
      })
    }

    test('no generation is bigger than the first', () => {
      const [first] = figures
      assert.ok(first)
      for (const { snapshotBytes } of figures) assert.ok(snapshotBytes <= first.snapshotBytes * 1.1, `${snapshotBytes} bytes`)
    })

    test('nothing is left of them', async () => {
      await server.ok('playground', 'destroy', newest, '-q')
      const { installation } = await (await server.client()).health()
      assert.deepEqual(await leftovers(installation, server.home), [])
      await server.inOrder()
    })
  })
}

/** What the server last logged of a cut. */
function lastCut(output: string): { pauseMs: number; totalMs: number } {
  const line = output.split('\n').findLast((each) => each.includes('"pauseMs"'))
  return JSON.parse(line ?? '{}') as { pauseMs: number; totalMs: number }
}

import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { after, before, describe, type TestContext, test } from 'node:test'
import { taskStatus } from '@ramet/model/run/task-state.ts'
import { openDatabase } from '@ramet/server/store/database.ts'
import { layerChain } from '@ramet/server/store/layers.ts'
import { median } from '../bench/samples.ts'
import { inMachine } from './harness/in-machine.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'
import { untilRunning } from './harness/until-running.ts'

export interface ChainLifeSize {
  readonly depth: number
  readonly maxLayers: number
  /** Starts compared, of the first and of the last playground of the chain; 0: none, since the host does other things too. */
  readonly timedStarts: number
}

const manifest = `kind: playground
title: The first of many
playground:
  machines:
    - name: one
      users: [{name: root}]
      drives: [{source: debian-stable, mount: /, size: 8GiB}]
      resources: {ramSize: 384MiB}
      startupFiles: [{path: /root/greeting, content: "hello\\n", append: true}]
  initTasks:
    count: {init: true, machine: one, run: "echo ran >> /root/ran"}
  accessControl: {canList: [owner], canRead: [owner], canStart: [owner]}
`

const within = { signal: AbortSignal.timeout(3 * 60 * 60_000) }

/** Playgrounds saved of runs of playgrounds saved of runs… on real VMs. */
export function chainLife({ depth, maxLayers, timedStarts }: ChainLifeSize): void {
  describe(`${depth} times start, change, stop and save`, { concurrency: false }, () => {
    const server = new TestServer()
    const runs: string[] = []
    const hashes: string[] = []
    let base = ''
    const nameOf = (level: number) => (level === 0 ? base : `level-${level}`)

    /** Milliseconds until it is RUNNING. */
    async function start(playground: string, rerunInit = false): Promise<{ id: string; ms: number }> {
      const api = await server.client()
      const began = performance.now()
      const { id } = await api.plays.start({ playground, rerunInit })
      await untilRunning(api, id, within)
      return { id, ms: performance.now() - began }
    }
    const stop = (id: string) => server.ok('playground', 'stop', id, '-q')
    const destroy = (id: string) => server.ok('playground', 'destroy', id, '-q')
    const hashOf = (id: string, level: number) =>
      inMachine(server, id, 'one', `cat $(seq -f /root/level-%g ${level}) | sha256sum`)

    async function chainLength(level: number): Promise<number> {
      const db = await openDatabase({ file: join(server.home, 'ramet.sqlite'), readOnly: true })
      try {
        const { layer_id } = await db
          .selectFrom('playground_drives')
          .innerJoin('playgrounds', 'playgrounds.id', 'playground_id')
          .select('layer_id')
          .where('name', '=', nameOf(level))
          .executeTakeFirstOrThrow()
        return (await layerChain(db, layer_id)).length
      } finally {
        await db.destroy()
      }
    }

    /** How often the startup file and the init task were done in the lineage of a run. */
    async function timesSetUp(id: string): Promise<string> {
      await until(
        'its init task to be through',
        async () => {
          const [task] = await (await server.client()).plays.tasks(id)
          return task?.status === taskStatus.completed
        },
        300_000,
      )
      return inMachine(server, id, 'one', 'cat /root/greeting | wc -l; cat /root/ran | wc -l')
    }

    before(async () => {
      await server.start({ RAMET_MAX_LAYERS: String(maxLayers) })
      const file = join(server.home, 'base.yaml')
      await writeFile(file, manifest)
      base = (await server.ok('playground', 'create', 'base', '-b', 'flexbox', '-f', file, '-q')).trim()
    })
    after(() => server.dispose())

    test('each level has what all levels before it wrote', { timeout: 3 * 60 * 60_000 }, async () => {
      for (let level = 1; level <= depth; level += 1) {
        const { id } = await start(nameOf(level - 1))
        if (level > 1) assert.equal(await hashOf(id, level - 1), hashes.at(-1), `level ${level}`)
        await inMachine(server, id, 'one', `head -c 3000000 /dev/urandom > /root/level-${level}`)
        hashes.push(await hashOf(id, level))
        assert.equal(await timesSetUp(id), '1\n1')
        await stop(id)
        await server.ok('playground', 'save', id, nameOf(level), '-q')
        runs.push(id)
      }
      assert.equal(await chainLength(depth), depth + 1, 'a layer a level, on the image')
    })

    test('a level in the middle has its own content and nothing of the later ones, and is set up again when asked to', async () => {
      const middle = Math.ceil(depth / 2)
      const { id } = await start(nameOf(middle), true)
      assert.equal(await timesSetUp(id), '2\n2', 'it was asked to be set up again')
      assert.equal(await hashOf(id, middle), hashes[middle - 1])
      assert.equal(await inMachine(server, id, 'one', `ls /root/level-${middle + 1} 2>/dev/null | wc -l`), '0')
      await destroy(id)
    })

    test('once the middle is removed its layers are merged, and the end still has everything', async (t) => {
      for (let level = 2; level < depth; level += 1) {
        await server.ok('playground', 'remove', nameOf(level), '-f')
        await destroy(runs[level - 1] ?? '')
      }
      await destroy(runs[0] ?? '')
      await destroy(runs[depth - 1] ?? '')
      await until(
        `the chain to have at most ${maxLayers} layers`,
        async () => (await chainLength(depth)) <= maxLayers,
        600_000,
        500,
      )
      const { id } = await start(nameOf(depth))
      assert.equal(await hashOf(id, depth), hashes.at(-1))
      const { nodes } = await (await server.client()).plays.lineage(id)
      assert.equal(nodes.length, 2 * depth + 3, 'the lineage goes back over all that is gone')
      await destroy(id)
      await server.inOrder()
      if (timedStarts > 0) await compareStarts(t)
    })

    async function compareStarts(t: TestContext): Promise<void> {
      const first: number[] = []
      const last: number[] = []
      for (let at = 0; at < timedStarts; at += 1) {
        for (const [level, times] of [[1, first] as const, [depth, last] as const]) {
          const { id, ms } = await start(nameOf(level))
          times.push(ms)
          await destroy(id)
        }
      }
      const ratio = median(last) / median(first)
      t.diagnostic(
        `start at depth 1 ${median(first).toFixed(0)} ms, at depth ${depth} ${median(last).toFixed(0)} ms, ratio ${ratio.toFixed(2)}`,
      )
      assert.ok(
        ratio <= 1.2,
        `at depth ${depth} a start takes ${ratio.toFixed(2)} times as long as at depth 1: ${last} against ${first} ms`,
      )
    }

    test('when all are removed only images are on the disk', async () => {
      for (const level of new Set([1, depth])) await server.ok('playground', 'remove', nameOf(level), '-f')
      await until('the disk to hold images alone', async () => {
        const { totalBytes, imageBytes } = await (await server.client()).usage()
        return totalBytes === imageBytes
      })
      assert.deepEqual(await readdir(join(server.home, 'runs')), [])
      assert.equal((await readdir(join(server.home, 'layers'))).length, 1)
      assert.deepEqual(await readdir(join(server.home, 'snapshots')), [])
    })
  })
}

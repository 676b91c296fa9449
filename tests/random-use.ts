import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Play } from '@ramet/model/api/wire.ts'
import { createPlayground, debianMachine } from './harness/create-playground.ts'
import { inMachine } from './harness/in-machine.ts'
import { leftovers, vmProcesses } from './harness/leftovers.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

export interface RandomUse {
  readonly fake: boolean
  readonly steps: number
  /** Whose numbers decide what is done; printed, so that a failure can be seen again. */
  readonly seed: number
}

/** What a run is to have, by all that was done to it and to those that it was cloned from. */
interface Expected {
  isOn: boolean
  /** Checksums by path, on its two drives. */
  readonly files: Map<string, string>
  /** What is in its memory alone; undefined once that is given up, by a power-off say. */
  memory: { readonly boot: string; readonly checksum: string } | undefined
}

const mostRuns = 4
const machine = 'm1'
const paths = ['/root/a', '/root/b', '/data/a', '/data/b']
/** A machine answers before its systemd has mounted /dev/shm. */
const inMemory = '/run/kept'

/** Runs are started, written to, stopped, restarted, cloned live and not, and destroyed, in an order that nobody has thought of, and the server is killed now and then. Each has what it is to have after each step. */
export function randomUse({ fake, steps, seed }: RandomUse): void {
  describe(`${steps} random steps${fake ? ' on the fake world' : ''}, seed ${seed}`, { concurrency: false }, () => {
    const server = new TestServer({ fake })
    const runs = new Map<string, Expected>()
    const random = numbersFrom(seed)
    const below = (bound: number) => Math.floor(random() * bound)
    const one = <T>(from: readonly T[]): T => from[below(from.length)] as T
    let playground = ''

    const plays = async () => (await server.client()).plays
    const reached = async (run: string, state: Play['state']) =>
      until(
        `${run} to be ${state}`,
        async () => {
          const play = await (await plays()).get(run)
          if (play.state === 'FAILED') assert.fail(`${play.failure?.message}\n${server.output.slice(-3000)}`)
          return play.state === state && play
        },
        900_000,
      )
    const expected = (run: string): Expected => {
      const found = runs.get(run)
      if (!found) throw new Error(`no run ${run}`)
      return found
    }
    const inRun = (run: string, command: string) => inMachine(server, run, machine, command)
    const bootOf = (run: string) => inRun(run, 'cat /proc/sys/kernel/random/boot_id')
    const checksums = async (run: string, files: readonly string[]) =>
      fake || files.length === 0
        ? []
        : (await inRun(run, `sha256sum ${files.join(' ')}`)).split('\n').map((line) => line.slice(0, 64))
    /** The pretend guest has no files: its boot is all that it remembers. */
    const remember = async (run: string) => {
      if (!fake) await inRun(run, `head -c 200000 /dev/urandom > ${inMemory}`)
      expected(run).memory = { boot: await bootOf(run), checksum: (await checksums(run, [inMemory]))[0] ?? '' }
    }
    const look = async (run: string) => {
      const { isOn, files, memory } = expected(run)
      assert.equal((await (await plays()).get(run)).state, isOn ? 'RUNNING' : 'STOPPED')
      assert.equal((await vmProcesses(server.home, run)).length, isOn ? 1 : 0)
      if (!isOn) return
      assert.deepEqual(await checksums(run, [...files.keys()]), [...files.values()], 'what was written to the drives')
      if (!memory) return
      assert.equal(await bootOf(run), memory.boot)
      assert.deepEqual(await checksums(run, [inMemory]), fake ? [] : [memory.checksum], 'what was in memory')
    }
    const adopt = (run: string, source: Expected, isOn: boolean) =>
      runs.set(run, { isOn, files: new Map(source.files), memory: source.memory })

    const actions = {
      async start() {
        const { id } = await (await plays()).start({ playground })
        await reached(id, 'RUNNING')
        runs.set(id, { isOn: true, files: new Map(), memory: undefined })
        await remember(id)
        return id
      },
      async write(run: string) {
        const path = one(paths)
        const { files } = expected(run)
        const kib = 4 * (1 + below(500))
        const command = files.has(path)
          ? `dd if=/dev/urandom of=${path} bs=4k count=${1 + below(50)} seek=${below(500)} conv=notrunc status=none`
          : `head -c ${kib}K /dev/urandom > ${path}`
        if (fake) return run
        await inRun(run, below(2) === 0 ? command : `${command} && sync`)
        files.set(path, (await checksums(run, [path]))[0] ?? '')
        if (below(3) === 0) await remember(run)
        return run
      },
      async stop(run: string) {
        await (await plays()).stop(run)
        assert.ok((await reached(run, 'STOPPED')).snapshot, server.output.slice(-3000))
        expected(run).isOn = false
        return run
      },
      async powerOff(run: string) {
        await (await plays()).stop(run, { powerOff: true })
        await reached(run, 'STOPPED')
        Object.assign(expected(run), { isOn: false, memory: undefined })
        return run
      },
      async restart(run: string) {
        await (await plays()).restart(run)
        const { startKind, startReason } = await reached(run, 'RUNNING')
        assert.equal(startKind, expected(run).memory ? 'resumed' : 'cold', startReason)
        expected(run).isOn = true
        if (!expected(run).memory) await remember(run)
        return run
      },
      async restartCold(run: string) {
        await (await plays()).restart(run, { cold: true })
        assert.equal((await reached(run, 'RUNNING')).startKind, 'cold')
        Object.assign(expected(run), { isOn: true, memory: undefined })
        await remember(run)
        return run
      },
      async cloneLive(run: string) {
        const [clone] = await (await plays()).clone(run, { live: true })
        assert.ok(clone)
        assert.equal((await reached(clone.id, 'RUNNING')).startKind, 'resumed')
        adopt(clone.id, expected(run), true)
        await look(run)
        return clone.id
      },
      async clone(run: string) {
        const [clone] = await (await plays()).clone(run)
        assert.ok(clone)
        adopt(clone.id, expected(run), false)
        return clone.id
      },
      async destroy(run: string) {
        await (await plays()).destroy(run)
        await reached(run, 'DESTROYED')
        runs.delete(run)
        return run
      },
      async killServer() {
        await server.restart()
        for (const [run, { isOn }] of runs) await reached(run, isOn ? 'RUNNING' : 'STOPPED')
        return ''
      },
    }
    type Action = keyof typeof actions

    /** More often what is quick, and what the others build on. */
    function choose(): [Action, string] {
      const on = [...runs].filter(([, { isOn }]) => isOn).map(([run]) => run)
      const off = [...runs].filter(([, { isOn }]) => !isOn).map(([run]) => run)
      const hasRoom = runs.size < mostRuns
      const choices: Record<Action, { readonly weight: number; readonly among: readonly string[] }> = {
        start: { weight: hasRoom ? (runs.size === 0 ? 10 : 0.5) : 0, among: [''] },
        write: { weight: 3, among: on },
        stop: { weight: 3, among: on },
        powerOff: { weight: 0.5, among: on },
        restart: { weight: 5, among: off },
        restartCold: { weight: 0.5, among: off },
        cloneLive: { weight: hasRoom ? 3 : 0, among: on },
        clone: { weight: hasRoom ? 4 : 0, among: off },
        destroy: { weight: runs.size > 2 ? 2 : 0, among: [...runs.keys()] },
        killServer: { weight: 0.5, among: [''] },
      }
      const possible = Object.entries(choices).filter(([, { among }]) => among.length > 0) as [Action, (typeof choices)[Action]][]
      let at = random() * possible.reduce((sum, [, { weight }]) => sum + weight, 0)
      for (const [action, { weight, among }] of possible) {
        at -= weight
        if (at < 0) return [action, one(among)]
      }
      throw new Error('nothing can be done')
    }

    before(async () => {
      await server.start()
      playground = await createPlayground(server, {
        name: 'random',
        title: 'Random use',
        machines: [
          debianMachine(machine, {
            drives: [
              { source: 'debian-stable', mount: '/' },
              { mount: '/data', size: '1GiB' },
            ],
            resources: { cpuCount: 1, ramSize: '256MiB' },
          }),
        ],
      })
    })
    after(() => server.dispose())

    test('nothing is lost', async (t) => {
      const counted: Partial<Record<Action, number>> = {}
      for (let step = 1; step <= steps; step++) {
        const [action, run] = choose()
        const began = performance.now()
        try {
          const changed = await actions[action](run)
          if (runs.has(changed)) await look(changed)
        } catch (error) {
          throw new Error(`step ${step} of seed ${seed}, ${action} ${run}: ${(error as Error).message}`, { cause: error })
        }
        counted[action] = (counted[action] ?? 0) + 1
        const states = [...runs.values()].map(({ isOn }) => (isOn ? 'on' : 'off')).join(' ')
        t.diagnostic(`${step} ${action} ${run.slice(0, 6)} ${Math.round(performance.now() - began)} ms; ${states}`)
        if (step % 20 === 0) await server.inOrder()
      }
      for (const [run, { isOn }] of runs) await (isOn ? look(run) : actions.restart(run).then(look))
      t.diagnostic(JSON.stringify(counted))
    })

    test('nothing is left', async () => {
      for (const run of [...runs.keys()]) await actions.destroy(run)
      await server.inOrder()
      const { installation } = await (await server.client()).health()
      assert.deepEqual(await leftovers(installation, server.home), [])
    })
  })
}

/** Mulberry32: numbers from 0 to 1 that are the same for the same seed. */
function numbersFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

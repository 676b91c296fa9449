import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Play } from '@ramet/model/api/wire.ts'
import { stepNames } from '@ramet/server/reconcile/step-names.ts'
import { bootOf, inMachine } from './harness/in-machine.ts'
import { vmProcesses } from './harness/leftovers.ts'
import { ended, until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'
import { severalMachines } from './harness/several-machines.ts'

export interface KeptMemoryCrashSuite {
  readonly title: string
  readonly fake: boolean
}

const stepsOf = (workflow: string) => stepNames.filter((name) => name.startsWith(`${workflow}/`))
/** Nothing is left to do for these, whose work another step has done, whose files are there since the run's first start, or which only warm starts or memory that was compressed need. */
const idle: readonly string[] = [
  'keep-memory/drop-overlays',
  'resume/make-folders',
  'resume/renew-identity',
  'resume/unpack-memory',
]
/** A pretend guest may have answered before this step: then it has nothing to do, and no server ends after it. On QEMU it always has. */
const idleOnFake = 'resume/await-guests'
const seals = ['seal/begin', 'seal/link-overlays', 'seal/swap']

/**
 * The server, and a VM, are ended by SIGKILL after each step of a stop that keeps memory, of a resume and of a live clone. One run lives through all of it. Run on
 * the fake world by `npm test` and on QEMU by `npm run proof`.
 */
export function keptMemoryCrashSuite({ title, fake }: KeptMemoryCrashSuite): void {
  describe(title, { concurrency: false }, () => {
    const server = new TestServer({ fake })
    const settleMs = fake ? 40_000 : 300_000
    let id = ''

    const plays = async () => (await server.client()).plays
    const reached = (run: string, ...states: Play['state'][]) =>
      until(
        `the run to be ${states.join(' or ')}`,
        async () => {
          const play = await (await plays()).get(run)
          if (play.state === 'FAILED' && !states.includes('FAILED')) assert.fail(play.failure?.message)
          return states.includes(play.state) && play
        },
        settleMs,
      )
    const boots = (run: string) => Promise.all([bootOf(server, run, 'm1'), bootOf(server, run, 'm2')])
    const stop = async () => {
      await (await plays()).stop(id)
      return reached(id, 'STOPPED')
    }
    const restart = async () => {
      await (await plays()).restart(id)
      return reached(id, 'RUNNING')
    }
    /** Which writes to its drives. */
    const boot = async () => {
      await (await plays()).stop(id, { powerOff: true })
      await reached(id, 'STOPPED')
      await restart()
    }
    /** Whatever became of it, it is RUNNING afterwards. */
    const running = async () => {
      const play = await reached(id, 'RUNNING', 'STOPPED', 'FAILED')
      if (play.state !== 'RUNNING') await restart()
    }

    /** Memory of a machine whose connection is not there again yet would not be kept. */
    const answering = async () => {
      if ((await reached(id, 'RUNNING', 'STOPPED')).state === 'RUNNING') await boots(id)
    }

    async function crashAfter(step: string, ask: () => Promise<unknown>): Promise<void> {
      await server.restart({ RAMET_CRASH_AFTER: step })
      await answering()
      await ask().catch(() => {})
      if (!server.child) throw new Error('no server')
      await ended(server.child, settleMs)
      assert.equal(server.child.signalCode, 'SIGKILL', `the server was to end itself after ${step}`)
      await server.start()
    }

    /** The first VM of the run is ended while the server stands still after the step. */
    async function endVmAfter(step: string, ask: () => Promise<unknown>): Promise<void> {
      await server.restart({ RAMET_HALT_AFTER: step })
      await answering()
      let refused: unknown
      const asked = ask().catch((error) => {
        refused = error
      })
      const pid = server.child?.pid ?? 0
      await until(
        `the server to stand still after ${step}`,
        async () => {
          if (refused) throw refused
          return / T /.test((await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\)/, ' '))
        },
        settleMs,
      )
      for (const vm of (await vmProcesses(server.home, id)).slice(0, 1)) process.kill(vm, 'SIGKILL')
      process.kill(pid, 'SIGCONT')
      await asked
    }

    const clonesOf = async () =>
      (await (await plays()).list()).filter(({ clonedFrom, state }) => clonedFrom?.id === id && state !== 'DESTROYED')
    const destroyClones = async () => {
      for (const clone of await clonesOf()) {
        await (await plays()).destroy(clone.id)
        await reached(clone.id, 'DESTROYED')
      }
    }

    before(async () => {
      await server.start()
      id = (await (await plays()).start({ playground: await severalMachines(server, 2) })).id
      await until('the run to be RUNNING', async () => (await (await plays()).get(id)).state === 'RUNNING', 900_000)
    })
    after(() => server.dispose())

    for (const step of [...stepsOf('keep-memory'), ...seals].filter((name) => !idle.includes(name))) {
      test(`the server killed after ${step}: the run comes to be stopped with its memory, and goes on`, async () => {
        await running()
        if (seals.includes(step)) await boot()
        const before = await boots(id)
        await crashAfter(step, async () => (await plays()).stop(id))
        assert.ok((await reached(id, 'STOPPED')).snapshot, server.output.slice(-2000))
        assert.deepEqual(await vmProcesses(server.home, id), [])
        assert.equal((await readdir(join(server.home, 'snapshots'))).length, 1)
        assert.equal((await restart()).startKind, 'resumed')
        assert.deepEqual(await boots(id), before)
      })
    }

    for (const step of stepsOf('resume').filter((name) => !idle.includes(name) && !(fake && name === idleOnFake))) {
      test(`the server killed after ${step}: the run goes on where it was`, async () => {
        await running()
        const before = await boots(id)
        await stop()
        await crashAfter(step, async () => (await plays()).restart(id))
        const { startKind, startReason, epoch } = await reached(id, 'RUNNING')
        assert.equal(startKind, 'resumed', startReason)
        assert.deepEqual(await boots(id), before)
        assert.equal(await inMachine(server, id, 'm2', 'cat /run/ramet/epoch'), epoch)
      })
    }

    /** Such work leaves a busy host to others. */
    const restMs = Math.max(settleMs, 180_000)
    const packed = () =>
      until('its memory to be compressed', async () => (await memoryFiles()).every((name) => !name.endsWith('.ram')), restMs)
    const memoryFiles = async () => {
      const [folder = ''] = await readdir(join(server.home, 'snapshots'))
      return readdir(join(server.home, 'snapshots', folder))
    }
    for (const step of [...stepsOf('rest'), 'resume/unpack-memory']) {
      test(`the server killed after ${step} of memory that is compressed while it rests: the run goes on where it was`, async () => {
        await running()
        const before = await boots(id)
        await stop()
        if (step.startsWith('rest/')) {
          await server.restart({ RAMET_PACK_MEMORY_AFTER: '0s', RAMET_CRASH_AFTER: step })
          if (server.child) await ended(server.child, restMs)
          await server.start()
          await server.inOrder()
          await restart()
        } else {
          await server.restart({ RAMET_PACK_MEMORY_AFTER: '0s' })
          await packed()
          await crashAfter(step, async () => (await plays()).restart(id))
        }
        const { startKind, startReason } = await reached(id, 'RUNNING')
        assert.equal(startKind, 'resumed', startReason)
        assert.deepEqual(await boots(id), before)
        assert.equal((await memoryFiles()).length, 4, 'a file of RAM and one of devices a machine')
      })
    }

    for (const step of stepsOf('live-clone')) {
      test(`the server killed after ${step}: the source runs on, and there are all clones or none`, async () => {
        await running()
        const before = await boots(id)
        await crashAfter(step, async () => (await plays()).clone(id, { live: true, count: 2 }))
        await reached(id, 'RUNNING')
        assert.deepEqual(await boots(id), before)
        const clones = await clonesOf()
        assert.equal(clones.length, step === 'live-clone/write-rows' ? 2 : 0)
        for (const clone of clones) {
          await reached(clone.id, 'RUNNING')
          assert.deepEqual(await boots(clone.id), before)
        }
        const [another] = await (await plays()).clone(id, { live: true })
        await reached(another?.id ?? '', 'RUNNING')
        await destroyClones()
      })
    }

    for (const step of stepsOf('went-off')) {
      test(`the server killed after ${step} of a shutdown of resumed machines: the run comes to be stopped, and boots`, async () => {
        await running()
        await stop()
        await restart()
        const before = await boots(id)
        await crashAfter(step, async () => (await plays()).stop(id, { powerOff: true }))
        await reached(id, 'STOPPED')
        assert.deepEqual(await readdir(join(server.home, 'snapshots')), [], 'what only ended machines had mapped is collected')
        assert.equal((await restart()).startKind, 'cold')
        assert.notDeepEqual(await boots(id), before)
      })
    }

    test('the server killed after drives/settle of a run whose machines ended with an interrupted cut: the run boots from its drives', async () => {
      await running()
      await server.restart({ RAMET_CRASH_AFTER: 'live-clone/make-overlays' })
      await answering()
      await (await plays()).clone(id, { live: true }).catch(() => {})
      if (server.child) await ended(server.child, settleMs)
      for (const vm of await vmProcesses(server.home, id)) process.kill(vm, 'SIGKILL')
      await server.start({ RAMET_CRASH_AFTER: 'drives/settle' })
      await reached(id, 'FAILED')
      await (await plays()).restart(id)
      if (server.child) await ended(server.child, settleMs)
      assert.equal(server.child?.signalCode, 'SIGKILL')
      await server.start()
      await reached(id, 'RUNNING')
      await boots(id)
      await server.inOrder()
    })

    test('fsck finds nothing so far', () => server.inOrder())

    for (const step of stepsOf('keep-memory').filter((name) => !idle.includes(name) && !/end-|remove-|release-/.test(name))) {
      test(`a VM ended after ${step}: the run comes to be stopped, and starts again`, async () => {
        await running()
        await endVmAfter(step, async () => (await plays()).stop(id))
        await reached(id, 'STOPPED')
        assert.deepEqual(await vmProcesses(server.home, id), [])
        await restart()
        await boots(id)
      })
    }

    for (const step of ['load-machines', 'consume-snapshot', 'go-on'].map((name) => `resume/${name}`)) {
      test(`a VM ended after ${step}: the run boots from its newest drives, and says why`, async () => {
        await running()
        const before = await boots(id)
        await stop()
        await endVmAfter(step, async () => (await plays()).restart(id))
        const { startKind, startReason } = await reached(id, 'RUNNING')
        assert.deepEqual([startKind, /^Its memory could not be resumed: /.test(startReason ?? '')], ['cold', true], startReason)
        assert.notDeepEqual(await boots(id), before)
      })
    }

    test('a VM ended after resume/wake-guests: seen in time the run boots, else it goes on without that machine', async () => {
      await running()
      await stop()
      await endVmAfter('resume/wake-guests', async () => (await plays()).restart(id))
      await until('the end of the VM to be known', async () => {
        const { state, startKind, machines } = await (await plays()).get(id)
        return state === 'RUNNING' && (startKind === 'cold' || machines.some((machine) => machine.state === 'FAILED'))
      })
      await (await plays()).stop(id, { powerOff: true })
      await reached(id, 'STOPPED')
    })

    for (const step of stepsOf('live-clone').filter((name) => !name.endsWith('write-rows'))) {
      test(`a VM ended after ${step} of a live clone: the other machine runs on, and there are no half clones`, async () => {
        await running()
        const other = await Promise.all(['m1', 'm2'].map((machine) => bootOf(server, id, machine)))
        await endVmAfter(step, async () => (await plays()).clone(id, { live: true }))
        const play = await until('one machine to have failed', async () => {
          const now = await (await plays()).get(id)
          return now.machines.some(({ state }) => state === 'FAILED') && now
        })
        assert.equal(play.state, 'RUNNING')
        const alive = play.machines.findIndex(({ state }) => state === 'RUNNING')
        assert.equal(await bootOf(server, id, alive === 0 ? 'm1' : 'm2'), other[alive])
        for (const clone of await clonesOf()) {
          await reached(clone.id, 'RUNNING')
          await boots(clone.id)
        }
        await destroyClones()
        await (await plays()).stop(id, { powerOff: true })
        await reached(id, 'STOPPED')
      })
    }

    test('nothing is left of it in the end', async () => {
      await (await plays()).destroy(id)
      await reached(id, 'DESTROYED')
      assert.deepEqual(await readdir(join(server.home, 'snapshots')), [])
      assert.deepEqual(await vmProcesses(server.home), [])
      await server.inOrder()
    })
  })
}

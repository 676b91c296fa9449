import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Play } from '@ramet/model/api/wire.ts'
import { stepNames } from '@ramet/server/reconcile/step-names.ts'
import { arm, crashed, haltAfter, killAfter } from './harness/faults.ts'
import { bootOf, inMachine } from './harness/in-machine.ts'
import { vmProcesses } from './harness/leftovers.ts'
import { until } from './harness/processes.ts'
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
  // `transient-drives.test.ts` has the drives that it drops.
  'went-off/end-drives',
]
/** A pretend guest may have answered before this step: then it has nothing to do, and no server ends after it. On QEMU it always has. */
const idleOnFake = 'resume/await-guests'
const seals = ['seal/begin', 'seal/link-overlays', 'seal/swap']
const down = ['state/STOPPING', 'state/machines-STOPPING', 'state/machines-STOPPED', 'state/STOPPED']
const up = ['state/WARMING_UP', 'state/STARTING', 'state/machines-STARTING', 'state/machines-RUNNING', 'state/RUNNING']

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

    const crashAfter = (step: string, ask: () => Promise<unknown>) => killAfter(server, step, ask, settleMs)

    /** The first VM of the run is ended while the server stands still after the step. */
    const endVmAfter = (step: string, ask: () => Promise<unknown>) =>
      haltAfter(server, step, ask, () => endVms((vms) => vms.slice(0, 1)), settleMs)

    const endVms = async (which = (vms: readonly number[]) => vms) => {
      for (const vm of which(await vmProcesses(server.home, id))) process.kill(vm, 'SIGKILL')
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
      await server.reached(id, 'RUNNING', 900_000)
    })
    after(() => server.dispose())

    for (const step of [...stepsOf('keep-memory'), ...seals, ...down].filter((name) => !idle.includes(name))) {
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

    for (const step of [...stepsOf('resume'), ...up].filter((name) => !idle.includes(name) && !(fake && name === idleOnFake))) {
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
          await arm(server, 'crash-after', step)
          await server.restart({ RAMET_PACK_MEMORY_AFTER: '0s' })
          await crashed(server, step, restMs)
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

    for (const step of stepsOf('went-off').filter((name) => !idle.includes(name))) {
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
      await arm(server, 'crash-after', 'live-clone/make-overlays')
      await (await plays()).clone(id, { live: true }).catch(() => {})
      await crashed(server, 'live-clone/make-overlays', settleMs)
      await endVms()
      await server.start()
      await reached(id, 'FAILED')
      await crashAfter('drives/settle', async () => (await plays()).restart(id))
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

    for (const step of ['load-machines', 'consume-snapshot'].map((name) => `resume/${name}`)) {
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

    // A guest may have answered before its VM was ended.
    for (const step of ['resume/go-on', 'resume/wake-guests']) {
      test(`a VM ended after ${step}: seen in time the run boots, else it goes on without that machine`, async () => {
        await running()
        await stop()
        await endVmAfter(step, async () => (await plays()).restart(id))
        await until('the end of the VM to be known', async () => {
          const { state, startKind, machines } = await (await plays()).get(id)
          return state === 'RUNNING' && (startKind === 'cold' || machines.some((machine) => machine.state === 'FAILED'))
        })
        await (await plays()).stop(id, { powerOff: true })
        await reached(id, 'STOPPED')
      })
    }

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

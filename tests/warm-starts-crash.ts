import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Play } from '@ramet/model/api/wire.ts'
import { stepNames } from '@ramet/server/reconcile/step-names.ts'
import { arm, crashed, haltAfter, killAfter } from './harness/faults.ts'
import { inMachine } from './harness/in-machine.ts'
import { vmProcesses } from './harness/leftovers.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'
import { readStore, throwawaysOf } from './harness/throwaways.ts'

export interface WarmStartsCrashSuite {
  readonly title: string
  readonly fake: boolean
  /** Also the steps of the throwaway run's own start and end, from which the next server does the same: destroy it. */
  readonly isWhole: boolean
}

const stepsOf = (...workflows: string[]) =>
  stepNames.filter((name) => workflows.some((workflow) => name.startsWith(`${workflow}/`)))
/** Nothing is left to do for these in a throwaway run that was stopped, or whose image is there. */
const idle: readonly string[] = [
  'start/choose-layers',
  'start/await-guests',
  'keep-memory/drop-overlays',
  ...['end-machines', 'end-names', 'remove-cgroups', 'remove-network', 'release-addresses'].map((step) => `destroy/${step}`),
]

/**
 * The server is ended by SIGKILL after each step of taking a warm start, and of a start that resumes one; a VM after each step in which that one has any. Run on the
 * fake world by `npm test`, without what other suites end servers at, and whole by `npm run proof`, on QEMU and on the fake world.
 */
export function warmStartsCrashSuite({ title, fake, isWhole }: WarmStartsCrashSuite): void {
  describe(title, { concurrency: false }, () => {
    const server = new TestServer({ fake, warmStarts: true })
    const settleMs = fake ? 60_000 : 300_000
    let first = ''

    const plays = async () => (await server.client()).plays
    const reached = (run: string, state: Play['state']) => server.reached(run, state, settleMs)
    const inGuest = (run: string, command: string) => inMachine(server, run, 'debian', command)
    const sql = <T>(text: string) => readStore<T>(server, text)
    const throwaways = () => throwawaysOf(server)
    const warmOnes = () => sql('select snapshot_id from warm_starts')
    const destroy = async (id: string) => {
      await (await plays()).destroy(id)
      await reached(id, 'DESTROYED')
    }
    const newest = async () => {
      const [play] = (await (await plays()).list()).filter(({ id, state }) => id !== first && state !== 'DESTROYED')
      assert.ok(play)
      return play.id
    }
    /** The server looks whether there is something to keep warm after each change. */
    const forget = async () => {
      sql('delete from warm_starts')
      await (await plays()).setTitle(first, `forgotten ${new Date().toISOString()}`)
    }
    const keptWarm = () =>
      until('the playground to be kept warm', () => warmOnes().length === 1 && throwaways().length === 0, settleMs)

    before(async () => {
      await server.start()
      first = (await (await plays()).start({ playground: 'debian' })).id
      await server.reached(first, 'RUNNING', 900_000)
      await keptWarm()
    })
    after(async () => {
      await server.restart({ RAMET_WARM_STARTS: 'off' })
      await until('no throwaway run to be left', () => throwaways().length === 0, settleMs)
      await server.dispose()
    })

    const takings = stepsOf('warm-start', 'start', 'keep-memory', 'destroy').filter((name) => !idle.includes(name))
    for (const step of takings.filter((name) => isWhole || /^warm-start|take-snapshot$|cut-save|keep-files$/.test(name))) {
      test(`the server killed after ${step} of a throwaway run: another is taken, nothing of it is left, and the user's run goes on`, async () => {
        await keptWarm()
        await killAfter(server, step, forget, settleMs)
        await keptWarm()
        await reached(first, 'RUNNING')
        assert.equal((await vmProcesses(server.home)).length, 1)
        assert.deepEqual(
          (await (await plays()).list()).map(({ id }) => id),
          [first],
        )
        assert.equal((await readdir(join(server.home, 'snapshots'))).length, 1, 'what was written down')
        await server.inOrder()
      })
    }

    /** Whether the server ended itself after the step of a start; else the run came up without it. */
    const isKilledAfter = async (step: string) => {
      await keptWarm()
      await arm(server, 'crash-after', step)
      const { child } = server
      await (await plays()).start({ playground: 'debian' }).catch(() => {})
      const how = await until(
        `the server to end itself after ${step}, or the run to come up`,
        async () => {
          if (child?.signalCode === 'SIGKILL') return 'killed'
          const isUp = (await (await plays()).list()).some(({ id, state }) => id !== first && state === 'RUNNING')
          return isUp && 'came up'
        },
        settleMs,
      )
      return how === 'killed'
    }
    /**
     * A guest opens its link as soon as it has new random numbers, while its clock is still being set. Where it answers before that is over, `await-guests` has nothing to
     * do, and no server ends after it: then the next start is tried.
     */
    const startsAtMost = (step: string) => (step === 'resume/await-guests' ? 20 : 1)

    // Memory that keeps a playground warm stays plain: there is nothing to unpack.
    const resumes = stepsOf('resume').filter(
      (name) => name !== 'resume/unpack-memory' && (isWhole || !/make-|lease-|serve-/.test(name)),
    )
    for (const step of resumes) {
      test(`the server killed after ${step} of a start: the run comes up warm, as itself`, async () => {
        for (let starts = 1; !(await isKilledAfter(step)); starts += 1) {
          assert.ok(starts < startsAtMost(step), `the server was to end itself after ${step}`)
          await destroy(await newest())
        }
        await server.start()
        const { id, startKind, startReason, epoch } = await reached(await newest(), 'RUNNING')
        assert.equal(startKind, 'warm', startReason)
        assert.equal(await inGuest(id, 'cat /run/ramet/epoch'), epoch)
        assert.notEqual(await inGuest(id, 'cat /etc/machine-id'), await inGuest(first, 'cat /etc/machine-id'))
        assert.equal(sql(`select id from runs where id = '${id}' and is_borrowed = 0`).length, 1)
        await server.inOrder()
        await destroy(id)
      })
    }

    // After the last one the next server begins where this one was ended.
    for (const [step, thenAfter] of [
      ['resume/load-machines'],
      ['resume/consume-snapshot'],
      ['resume/go-on'],
      ['resume/go-on', 'borrowed/begin-anew'],
    ] as const) {
      const also = thenAfter === undefined ? '' : `, and the server killed after ${thenAfter}`
      test(`a VM ended after ${step} of a start${also}: the run boots from its image, and says why`, async () => {
        await keptWarm()
        if (thenAfter !== undefined) await arm(server, 'crash-after', thenAfter)
        let id = ''
        await haltAfter(
          server,
          step,
          async () => (await plays()).start({ playground: 'debian' }),
          async () => {
            ;[{ id = '' } = {}] = sql<{ id: string }>("select id from runs where is_borrowed = 1 and state != 'DESTROYED'")
            for (const vm of await vmProcesses(server.home, id)) process.kill(vm, 'SIGKILL')
          },
          settleMs,
        )
        if (thenAfter !== undefined) {
          await crashed(server, thenAfter, settleMs)
          await server.start()
        }
        const { startKind, startReason } = await reached(id, 'RUNNING')
        assert.deepEqual([startKind, /^Its memory could not be resumed: /.test(startReason ?? '')], ['cold', true], startReason)
        assert.deepEqual(
          sql(`select layer_id from drives where run_id = '${id}'`),
          sql("select layer_id from images where name = 'debian-stable'"),
        )
        await server.inOrder()
        await destroy(id)
      })
    }
  })
}

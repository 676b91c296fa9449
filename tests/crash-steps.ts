import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Play } from '@ramet/model/api/wire.ts'
import type { MachineState } from '@ramet/model/run/run-state.ts'
import { taskStatus } from '@ramet/model/run/task-state.ts'
import { arm, crashed, killAfter } from './harness/faults.ts'
import { bootOf, inMachine } from './harness/in-machine.ts'
import { vmProcesses } from './harness/leftovers.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'
import { severalMachines } from './harness/several-machines.ts'
import { readStore } from './harness/throwaways.ts'

/**
 * The server is ended by SIGKILL after every named step, once a step; the next server must bring the run where it was wanted, with nothing leaked.
 * Run on the fake world by `npm test` and on QEMU by `npm run proof`.
 */
export interface CrashSuite {
  readonly title: string
  readonly fake: boolean
  readonly stepNames: readonly string[]
  /** Machines of a run that is started for the first time; everything else is done with two. */
  readonly machines: number
  /** Makes the guest deaf to its power button, where waiting for the end of a stop's grace is affordable: only then has `stop/end-machines` something to do. */
  ignorePowerButton?(server: TestServer, id: string): Promise<void>
  /** What is left on the host of runs of this home. */
  leftovers(server: TestServer): Promise<string[]>
}

export function crashSuite({ title, fake, stepNames, machines, ignorePowerButton, leftovers }: CrashSuite): void {
  describe(title, { concurrency: false }, () => {
    const server = new TestServer({ fake })
    const neighbour = new TestServer({ fake })
    let neighbourRun = ''
    let neighbourBoot = ''
    const settleMs = fake ? 30_000 : 300_000

    const play = async (id: string) => (await server.client()).plays.get(id)
    const reached = (id: string, state: Play['state']) => server.reached(id, state, settleMs)

    const crashDuring = (step: string, ask: () => Promise<unknown>) => killAfter(server, step, ask, settleMs)

    let many = ''
    let two = ''
    const startRun = async () => {
      const { id } = await (await server.client()).plays.start({ playground: two })
      await reached(id, 'RUNNING')
      return id
    }
    const machineReached = (id: string, machine: string, state: MachineState) =>
      until(`${machine} to be ${state}`, async () => (await stateOf(id, machine)) === state, settleMs)
    const stateOf = async (id: string, machine: string) => (await play(id)).machines.find(({ name }) => name === machine)?.state
    const tasksDone = (id: string) =>
      until(
        'the tasks to be over',
        async () => {
          const tasks = await (await server.client()).plays.tasks(id)
          const failed = tasks.find(({ status }) => status === taskStatus.failed)
          if (failed) assert.fail(`${failed.name} failed: ${failed.reason} ${failed.stderr}`)
          return tasks.every(({ status }) => status === taskStatus.completed) && tasks
        },
        settleMs,
      )
    const destroyRun = async (id: string) => {
      await (await server.client()).plays.destroy(id)
      await reached(id, 'DESTROYED')
      assert.deepEqual(await leftovers(server), [])
    }
    const newest = async () => {
      const [latest] = await (await server.client()).plays.list()
      assert.ok(latest, 'the run was written down before anything was made for it')
      return latest.id
    }

    before(async () => {
      await Promise.all([server.start(), neighbour.start()])
      neighbourRun = (await (await neighbour.client()).plays.start({ playground: 'debian' })).id
      await until(
        'the neighbour to run',
        async () => (await (await neighbour.client()).plays.get(neighbourRun)).state === 'RUNNING',
        900_000,
      )
      neighbourBoot = await bootOf(neighbour, neighbourRun)
      two = await severalMachines(server, 2)
      many = machines === 2 ? two : await severalMachines(server, machines)
    })
    after(async () => {
      await server.dispose()
      await neighbour.dispose()
    })

    const isWanted = (step: string) => stepNames.includes(step)
    const starting = ['state/WARMING_UP', 'state/STARTING', 'state/machines-STARTING', 'state/machines-RUNNING', 'state/RUNNING']
    for (const { step, count } of [
      ...stepNames.filter((name) => name.startsWith('start/')).map((step) => ({ step, count: machines })),
      ...starting.filter(isWanted).map((step) => ({ step, count: 2 })),
    ]) {
      test(`killed after ${step} of a first start, all ${count} machines of the run are brought up`, async () => {
        const playground = count === 2 ? two : many
        await crashDuring(step, async () => (await server.client()).plays.start({ playground }))
        const id = await newest()
        const { machines: all } = await reached(id, 'RUNNING')
        for (const { name } of all) await machineReached(id, name, 'RUNNING')
        assert.equal(all.length, count)
        await destroyRun(id)
      })
    }

    /** Its users and startup files were made in one boot, and its rows know it, unless its guests ended before they could say it to a server. */
    const isSetUpOnce = async (id: string, isSaid: boolean) => {
      for (const machine of ['m1', 'm2']) assert.equal(await inMachine(server, id, machine, 'cat /var/lib/ramet-lineage'), '1')
      const rows = readStore<{ set_up: string; isGrown: number }>(
        server,
        `select set_up, grown_bytes = size_bytes as isGrown from drives where run_id = '${id}' and drive_index = 0`,
      )
      if (isSaid) assert.ok(rows.length === 2 && rows.every((row) => row.set_up === 'done' && row.isGrown), JSON.stringify(rows))
    }
    for (const step of stepNames.filter((name) => name.startsWith('first-boot/'))) {
      for (const machinesEnd of [false, true]) {
        const what = machinesEnd ? ', and its machines ended too' : ''
        test(`killed after ${step}${what}, each machine of the run is set up once`, async () => {
          await arm(server, 'crash-after', step)
          await (await server.client()).plays.start({ playground: two })
          await crashed(server, step, settleMs)
          if (machinesEnd) for (const pid of await vmProcesses(server.home)) process.kill(pid, 'SIGKILL')
          await server.start()
          const id = await newest()
          await reached(id, 'RUNNING')
          const isSaid = !machinesEnd
          await isSetUpOnce(id, isSaid)
          await (await server.client()).plays.stop(id, { powerOff: true })
          await reached(id, 'STOPPED')
          await (await server.client()).plays.restart(id)
          await reached(id, 'RUNNING')
          await isSetUpOnce(id, isSaid)
          await destroyRun(id)
        })
      }
    }

    const stopping = ['state/STOPPING', 'state/machines-STOPPING', 'state/machines-STOPPED', 'state/STOPPED']
    for (const step of [...stepNames.filter((name) => name.startsWith('stop/')), ...stopping.filter(isWanted)]) {
      test(`killed after ${step}, the run comes to be stopped and can be restarted`, async () => {
        const id = await startRun()
        if (step === 'stop/end-machines') await ignorePowerButton?.(server, id)
        await crashDuring(step, async () => (await server.client()).plays.stop(id, { powerOff: true }))
        await reached(id, 'STOPPED')
        await (await server.client()).plays.restart(id)
        await reached(id, 'RUNNING')
        await destroyRun(id)
      })
    }

    // These have nothing to do after the end of the only machine of a run that is not to be resumed; they are the very steps of other workflows.
    const idle = ['release/end-machines', 'release/drop-overlays']
    const releasing = stepNames.filter((name) => name.startsWith('release/') && !idle.includes(name))
    for (const step of [...releasing, ...['state/FAILED'].filter(isWanted)]) {
      test(`killed after ${step} of a run whose machine was ended, the run comes to be failed and can be restarted`, async () => {
        const id = await startRun()
        await crashDuring(step, async () => {
          for (const pid of await vmProcesses(server.home, id)) process.kill(pid, 'SIGKILL')
        })
        await reached(id, 'FAILED')
        await (await server.client()).plays.restart(id)
        await reached(id, 'RUNNING')
        await destroyRun(id)
      })
    }

    for (const step of ['start/lease-addresses', 'start/make-network', 'start/start-machines', 'start/await-guests'].filter(
      (name) => stepNames.includes(name),
    )) {
      test(`killed after ${step} of a restart, the run is brought up`, async () => {
        const id = await startRun()
        await (await server.client()).plays.stop(id, { powerOff: true })
        await reached(id, 'STOPPED')
        await crashDuring(step, async () => (await server.client()).plays.restart(id))
        await reached(id, 'RUNNING')
        await destroyRun(id)
      })
    }

    for (const step of [...stepNames.filter((name) => name.startsWith('destroy/')), ...['state/DESTROYED'].filter(isWanted)]) {
      test(`killed after ${step}, nothing of the run is left`, async () => {
        const id = await startRun()
        await crashDuring(step, async () => (await server.client()).plays.destroy(id))
        await reached(id, 'DESTROYED')
        assert.deepEqual(await leftovers(server), [])
      })
    }

    for (const step of stepNames.filter((name) => name.startsWith('tasks/'))) {
      test(`killed after ${step}, init tasks are found again and come to their ends`, async () => {
        await crashDuring(step, async () => (await server.client()).plays.start({ playground: two }))
        const id = await newest()
        await reached(id, 'RUNNING')
        const tasks = await tasksDone(id)
        assert.deepEqual(
          tasks.map(({ name, stdout, exitCode }) => [name, stdout, exitCode]),
          [
            ['first', 'first\n', 0],
            ['second', 'm2\n', 0],
          ],
        )
        await destroyRun(id)
      })
    }

    for (const step of stepNames.filter((name) => name.startsWith('machine-stop/'))) {
      test(`killed after ${step}, one machine comes to be off while the other goes on`, async () => {
        const id = await startRun()
        const boot = await bootOf(server, id, 'm2')
        if (step === 'machine-stop/end-machines') await ignorePowerButton?.(server, id)
        await crashDuring(step, async () => (await server.client()).plays.machine(id, 'machine.stop', 'm1'))
        await machineReached(id, 'm1', 'STOPPED')
        assert.equal((await play(id)).state, 'RUNNING')
        assert.equal(await bootOf(server, id, 'm2'), boot)
        await destroyRun(id)
      })
    }

    // Its tops are there since the run's start.
    for (const step of stepNames.filter((name) => name.startsWith('machine-start/') && name !== 'machine-start/make-overlays')) {
      test(`killed after ${step}, one machine comes to be on again`, async () => {
        const id = await startRun()
        const boot = await bootOf(server, id, 'm2')
        await (await server.client()).plays.machine(id, 'machine.stop', 'm1')
        await machineReached(id, 'm1', 'STOPPED')
        await crashDuring(step, async () => (await server.client()).plays.machine(id, 'machine.restart', 'm1'))
        await machineReached(id, 'm1', 'RUNNING')
        assert.equal(await bootOf(server, id, 'm2'), boot)
        await destroyRun(id)
      })
    }

    // Its other steps have something to do only for a guest that does not come back by itself; they are those of `machine-start`.
    for (const step of ['machine-reboot/note-boots', 'machine-reboot/reboot-guests'].filter((name) => stepNames.includes(name))) {
      test(`killed after ${step}, one machine is rebooted, once`, async () => {
        const id = await startRun()
        const [before, other] = [await bootOf(server, id, 'm1'), await bootOf(server, id, 'm2')]
        await crashDuring(step, async () => (await server.client()).plays.machine(id, 'machine.reboot', 'm1'))
        // Until the next server has begun, the machine is RUNNING as it was.
        await until('m1 to be in another boot', async () => (await bootOf(server, id, 'm1')) !== before, settleMs)
        await machineReached(id, 'm1', 'RUNNING')
        assert.equal(await bootOf(server, id, 'm2'), other)
        const client = await server.client()
        assert.equal((await client.plays.consoles(id, 'm1')).length, 2, 'a serial log a boot')
        await destroyRun(id)
      })
    }

    test('killed while a run is RUNNING, its machines go on and are taken over', async () => {
      const id = await startRun()
      const boot = await bootOf(server, id)
      await server.restart()
      await reached(id, 'RUNNING')
      assert.equal(await bootOf(server, id), boot)
      await destroyRun(id)
    })

    test('the server beside this one noticed nothing of it', async () => {
      assert.equal((await (await neighbour.client()).plays.get(neighbourRun)).state, 'RUNNING')
      assert.equal(await bootOf(neighbour, neighbourRun), neighbourBoot)
    })

    test('fsck finds nothing', async () => {
      await server.inOrder()
    })
  })
}

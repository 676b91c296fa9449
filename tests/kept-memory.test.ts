import assert from 'node:assert/strict'
import { chmod, mkdir, open, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { inMachine } from './harness/in-machine.ts'
import { vmProcesses } from './harness/leftovers.ts'
import { until } from './harness/processes.ts'
import { runsOf } from './harness/runs-of.ts'
import { TestServer } from './harness/server.ts'
import { severalMachines } from './harness/several-machines.ts'
import { changeStore } from './harness/throwaways.ts'

/** Stop and restart with memory on the fake world: what is promised of rows, files and processes. `memory.system.test.ts` has real VMs. */
describe('runs that keep their memory', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  let playground = ''

  before(async () => {
    await server.start()
    playground = await severalMachines(server, 2)
  })
  after(() => server.dispose())

  const { plays, reached, start, destroy: destroyRun } = runsOf(server, () => playground)
  const startRun = async () => (await start()).id
  const stop = async (id: string, how = {}) => {
    await (await plays()).stop(id, how)
    return reached(id, 'STOPPED')
  }
  const restart = async (id: string, how = {}) => {
    await (await plays()).restart(id, how)
    return reached(id, 'RUNNING')
  }
  const inGuest = (id: string, machine: string, command: string) => inMachine(server, id, machine, command)
  const boot = (id: string, machine = 'm1') => inGuest(id, machine, 'cat /proc/sys/kernel/random/boot_id')
  const snapshots = () => readdir(join(server.home, 'snapshots'))
  const snapshotFiles = async () => readdir(join(server.home, 'snapshots', (await snapshots())[0] ?? ''))
  /** What leaves a busy host to others may take so long on it. */
  const restMs = 180_000
  const destroy = async (id: string) => {
    await destroyRun(id)
    assert.deepEqual(await snapshots(), [])
    await server.inOrder()
  }
  /** Changes the store as nobody should, while no server has it. */
  const meddle = async (sql: string) => {
    await server.kill()
    changeStore(server, sql)
    await server.start()
  }
  const memoryFile = async (name: string) => join(server.home, 'snapshots', (await snapshots())[0] ?? '', name)

  test('a run that was stopped goes on where it was, in a new epoch, and its snapshot goes at the next stop', async () => {
    const id = await startRun()
    const boots = [await boot(id, 'm1'), await boot(id, 'm2')]
    const stopped = await stop(id)
    assert.ok(stopped.snapshot && stopped.snapshot.bytes > 0)
    assert.deepEqual(await vmProcesses(server.home, id), [])
    await server.inOrder()
    const running = await restart(id)
    assert.deepEqual([await boot(id, 'm1'), await boot(id, 'm2')], boots)
    assert.equal(running.startKind, 'resumed')
    assert.match(running.startReason ?? '', /^Resumed from .* UTC, when it was stopped\.$/)
    assert.match(running.epoch ?? '', /^[0-9a-f-]{36}$/)
    assert.equal(await inGuest(id, 'm1', 'cat /run/ramet/epoch'), running.epoch)
    assert.equal(running.snapshot, undefined)
    await server.inOrder()
    const first = await snapshots()
    await stop(id)
    assert.equal((await snapshots()).length, 1)
    assert.notDeepEqual(await snapshots(), first)
    const again = await restart(id)
    assert.notEqual(again.epoch, running.epoch)
    assert.deepEqual([await boot(id, 'm1'), await boot(id, 'm2')], boots)
    await destroy(id)
  })

  test('--power-off shuts the guests down, and --cold boots although memory was kept', async () => {
    const id = await startRun()
    const first = await boot(id)
    assert.equal((await stop(id, { powerOff: true })).snapshot, undefined)
    const second = await restart(id)
    assert.notEqual(await boot(id), first)
    assert.deepEqual([second.startKind, second.startReason, second.epoch], ['cold', 'It had been shut down.', undefined])
    const before = await boot(id)
    assert.ok((await stop(id)).snapshot)
    const third = await restart(id, { cold: true })
    assert.notEqual(await boot(id), before)
    assert.deepEqual([third.startKind, third.startReason], ['cold', 'A boot was asked for.'])
    assert.deepEqual(await snapshots(), [])
    assert.ok((await stop(id)).snapshot, 'the next stop keeps its memory again')
    await destroy(id)
  })

  test('a machine that was off when the run was stopped stays off when it goes on', async () => {
    const id = await startRun()
    const first = await boot(id, 'm2')
    await (await plays()).machine(id, 'machine.stop', 'm1')
    const state = async (name: string) => (await (await plays()).get(id)).machines.find((machine) => machine.name === name)?.state
    await until('m1 to be off', async () => (await state('m1')) === 'STOPPED')
    await stop(id)
    await restart(id)
    assert.deepEqual([await state('m1'), await state('m2')], ['STOPPED', 'RUNNING'])
    assert.equal(await boot(id, 'm2'), first)
    await destroy(id)
  })

  test('a run whose machines crash after it went on boots from its newest drives', async () => {
    const id = await startRun()
    const first = await boot(id)
    await stop(id)
    await restart(id)
    for (const pid of await vmProcesses(server.home, id)) process.kill(pid, 'SIGKILL')
    await reached(id, 'FAILED')
    const again = await restart(id)
    assert.equal(again.startKind, 'cold')
    assert.notEqual(await boot(id), first)
    await destroy(id)
  })

  test('where memory cannot be written the run is shut down, and says why it boots', async () => {
    const id = await startRun()
    await rm(join(server.home, 'snapshots'), { recursive: true })
    await writeFile(join(server.home, 'snapshots'), 'no folder')
    assert.equal((await stop(id)).snapshot, undefined)
    await rm(join(server.home, 'snapshots'))
    await mkdir(join(server.home, 'snapshots'))
    assert.match((await restart(id)).startReason ?? '', /^Its memory could not be kept: /)
    assert.ok((await stop(id)).snapshot)
    await destroy(id)
  })

  test('clones of a running run go on where it is, each in an epoch of its own, while it runs on; and so do theirs', async () => {
    const id = await startRun()
    const boots = [await boot(id, 'm1'), await boot(id, 'm2')]
    const clones = await (await plays()).clone(id, { live: true, count: 2 })
    assert.equal(clones.length, 2)
    const ready = await Promise.all(clones.map((clone) => reached(clone.id, 'RUNNING')))
    for (const clone of ready) {
      assert.equal(clone.startKind, 'resumed')
      assert.match(clone.startReason ?? '', /^Cloned from Run [0-9a-f]{24}, as it was /)
      assert.equal(clone.clonedFrom?.id, id)
      assert.deepEqual([await boot(clone.id, 'm1'), await boot(clone.id, 'm2')], boots)
    }
    assert.notEqual(ready[0]?.epoch, ready[1]?.epoch)
    assert.deepEqual([await boot(id, 'm1'), (await (await plays()).get(id)).state], [boots[0], 'RUNNING'])
    assert.equal((await snapshots()).length, 1)
    await server.inOrder()
    const [second] = await (await plays()).clone(ready[0]?.id ?? '', { live: true })
    await reached(second?.id ?? '', 'RUNNING')
    assert.equal(await boot(second?.id ?? '', 'm2'), boots[1])
    for (const clone of [id, clones[0]?.id ?? '', clones[1]?.id ?? '']) {
      await (await plays()).destroy(clone)
      await reached(clone, 'DESTROYED')
    }
    await destroy(second?.id ?? '')
  })

  test('a run that is off cannot be cloned live, and one that runs cannot be cloned otherwise', async () => {
    const id = await startRun()
    await assert.rejects((await plays()).clone(id), { code: 'action_refused', status: 409 })
    await stop(id)
    await assert.rejects((await plays()).clone(id, { live: true }), { code: 'action_refused', status: 409 })
    await destroy(id)
  })

  test('clones of a run that was stopped with its memory share it, and each goes on by itself', async () => {
    const id = await startRun()
    const first = await boot(id)
    await stop(id)
    const [one] = await (await plays()).clone(id)
    assert.ok(one?.snapshot)
    assert.equal((await snapshots()).length, 1)
    const [mine, other] = [await restart(id), await restart(one.id)]
    assert.deepEqual([await boot(id), await boot(one.id)], [first, first])
    assert.notEqual(mine.epoch, other.epoch)
    await (await plays()).destroy(id)
    await reached(id, 'DESTROYED')
    assert.equal((await snapshots()).length, 1, 'the clone has it mapped')
    await destroy(one.id)
  })

  test('a layer is gone: the start fails and says so, and the run goes on with its memory once it is back', async () => {
    const id = await startRun()
    const first = await boot(id)
    await stop(id)
    const [layer = ''] = (await readdir(join(server.home, 'layers'))).filter((name) => name.endsWith('.qcow2'))
    const file = join(server.home, 'layers', layer)
    await rename(file, `${file}.away`)
    await (await plays()).restart(id)
    const failed = await reached(id, 'FAILED')
    assert.deepEqual([failed.failure?.code, failed.snapshot !== undefined], ['layer_missing', true])
    assert.match(failed.failure?.message ?? '', /^Drive 0 of m[12] is damaged: its layer layers\/\S+ is gone\.$/)
    await rename(`${file}.away`, file)
    assert.equal((await restart(id)).startKind, 'resumed')
    assert.equal(await boot(id), first)
    await destroy(id)
  })

  test('memory that is not used for long is compressed, counted as such, checked by fsck --deep, and resumed all the same', async () => {
    const id = await startRun()
    const first = await boot(id)
    await stop(id)
    await server.restart({ RAMET_PACK_MEMORY_AFTER: '0s' })
    const files = async () => (await snapshotFiles()).toSorted()
    await until('it to be compressed', async () => (await files()).join() === '0.ram.zst,0.state,1.ram.zst,1.state', restMs)
    const onDisk = await Promise.all((await files()).map(async (name) => (await stat(await memoryFile(name))).blocks * 512))
    assert.equal(
      (await (await plays()).get(id)).snapshot?.bytes,
      onDisk.reduce((sum, bytes) => sum + bytes),
    )
    await server.inOrder()
    assert.equal((await server.ramet(['fsck', '--deep'])).code, 0)
    const [clone] = await (await plays()).clone(id)
    const both = await Promise.all([restart(id), restart(clone?.id ?? '')])
    assert.deepEqual(
      both.map(({ startKind }) => startKind),
      ['resumed', 'resumed'],
    )
    assert.deepEqual([await boot(id), await boot(clone?.id ?? '')], [first, first])
    assert.equal((await files()).filter((name) => /^[01]-[0-9a-f]{8}\.ram$/.test(name)).length, 2)
    await server.inOrder()
    await (await plays()).destroy(clone?.id ?? '')
    await reached(clone?.id ?? '', 'DESTROYED')
    await destroy(id)
  })

  test('compressed memory that is damaged: fsck --deep tells of it, and the run boots', async () => {
    const id = await startRun()
    await stop(id)
    await server.restart({ RAMET_PACK_MEMORY_AFTER: '0s' })
    await until('it to be compressed', async () => !(await snapshotFiles()).some((name) => name.endsWith('.ram')), restMs)
    await server.restart()
    const path = await memoryFile('1.ram.zst')
    await chmod(path, 0o640)
    const file = await open(path, 'r+')
    await file.write('x', 12)
    await file.close()
    await server.inOrder()
    const { code, stdout } = await server.ramet(['fsck', '--deep'])
    assert.equal(code, 1)
    assert.match(stdout, /1\.ram\.zst of m2 is not what it was when it was taken.*\(snapshot_memory_damaged\)/)
    const { startKind, startReason } = await restart(id)
    assert.deepEqual([startKind, /^Its memory could not be resumed: /.test(startReason ?? '')], ['cold', true], startReason)
    await destroy(id)
  })

  /** Each damage, and the words in which the boot is explained. */
  const damages: Record<string, [RegExp, () => Promise<unknown>]> = {
    'a byte of device state is another one': [
      /device state of m1 is damaged/,
      async () => {
        const path = await memoryFile('0.state')
        await chmod(path, 0o640)
        const file = await open(path, 'r+')
        await file.write('x', 3)
        await file.close()
      },
    ],
    'the RAM file is cut off': [/memory of m2 is damaged/, async () => truncate(await memoryFile('1.ram'), 1000)],
    'QEMU is another one': [
      /QEMU is another one/,
      () => meddle(`update snapshots set stamp = replace(stamp, '"vmm":"', '"vmm":"other ')`),
    ],
    'the CPU is another one': [
      /CPU is another one/,
      () => meddle(`update snapshots set stamp = replace(stamp, '"cpu":"', '"cpu":"other ')`),
    ],
    'a drive stands on another layer': [
      /stands on another layer/,
      () =>
        meddle("update snapshot_drives set layer_id = (select parent_id from layers where id = layer_id) where machine = 'm1'"),
    ],
  }
  for (const [what, [says, damage]] of Object.entries(damages)) {
    test(`${what}: the run boots, and says why`, async () => {
      const id = await startRun()
      const first = await boot(id)
      await stop(id)
      await damage()
      const { startKind, startReason } = await restart(id)
      assert.equal(startKind, 'cold')
      assert.match(startReason ?? '', says)
      assert.notEqual(await boot(id), first)
      await destroy(id)
    })
  }
})

import assert from 'node:assert/strict'
import { readdir, rm, rmdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { tellMachine } from './harness/in-machine.ts'
import { leftovers, vmProcesses } from './harness/leftovers.ts'
import { finish, until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** A home on a filesystem of its own, too small at first. The tests build on each other, in order. */
describe('a disk without space', { concurrency: false }, () => {
  const home = testFolder('h')
  const filler = join(home, 'filler')
  const server = new TestServer({ home })
  let id = ''

  const must = async (...argv: string[]) => {
    const { code, stderr } = await finish(argv)
    assert.equal(code, 0, `${argv.join(' ')}: ${stderr}`)
  }
  const ssh = (command: string) => tellMachine(server, id, 'debian', command)
  /** Leaves `bytes` of the disk. Guests may write while it looks. */
  const fill = (bytes: number) =>
    until(
      'the disk to be full',
      async () => {
        await rm(filler, { force: true })
        const { bavail, bsize } = await statfs(home)
        return (await finish(['fallocate', '-l', String(bavail * bsize - bytes), filler])).code === 0
      },
      10_000,
      10,
    )
  const refused = async (args: readonly string[]) => {
    const { code, stderr } = await server.ramet(args)
    assert.equal(code, 1, stderr)
    assert.match(stderr, /\(no_space\)|no_space/, stderr)
    assert.match(stderr, /ramet playground list|bigger disk/, 'it says what to do')
    assert.doesNotMatch(stderr, /\n\s+at /, 'no stack trace')
  }
  const failedRun = () =>
    until('the run to be FAILED', async () =>
      (await (await server.client()).plays.list()).find(
        ({ state, failure }) => state === 'FAILED' && failure?.code === 'no_space',
      ),
    )
  const assertSound = async () => {
    await server.inOrder()
  }

  before(async () => {
    await must('mount', '-t', 'tmpfs', '-o', 'size=100m,mode=0755', 'tmpfs', home)
    await server.start()
  })
  after(async () => {
    await rm(filler, { force: true })
    await server.dispose().catch(() => {})
    await finish(['umount', '-l', home])
    await rmdir(home)
  })

  test('too small for the image: the start fails with no_space and leaves no layer', async () => {
    await refused(['playground', 'start', 'debian', '-q'])
    assert.deepEqual(await readdir(join(home, 'layers')), [])
    id = (await failedRun()).id
    await assertSound()
  })

  test('the same run starts when there is space', async () => {
    await must('mount', '-o', 'remount,size=700m', home)
    await server.ok('playground', 'restart', id, '-q')
    assert.equal((await ssh('echo up')).stdout, 'up\n')
  })

  test('a guest that fills the host’s disk waits, also for a server that is started meanwhile, and goes on when there is space', async () => {
    await until('the reserve to be set apart', async () => (await readdir(home)).includes('reserve'))
    await fill(8 * 1024 ** 2)
    // Ready comes before systemd takes orders.
    const write = 'systemd-run --no-block sh -c "head -c 64M /dev/urandom > /root/big; sync; touch /root/done"'
    await until('the order to be taken', async () => (await ssh(write)).code === 0)
    await until('the disk to be full and the reserve to be given up', async () => !(await readdir(home)).includes('reserve'))
    const readiness = async () =>
      (await (await server.client()).plays.get(id)).status.machines[0]?.conditions.find(({ name }) => name === 'Ready')
    const isSaid = () =>
      until('the machine to say what it waits for', async () => (await readiness())?.message?.includes('space on the host'))
    await isSaid()
    await server.restart()
    await isSaid()
    await rm(filler)
    await until('the guest to go on', async () => (await ssh('test -e /root/done')).code === 0)
    assert.equal((await ssh('stat -c %s /root/big')).stdout, '67108864\n')
    assert.equal((await readiness())?.status, 'True')
  })

  test('too little for another run’s drives: no_space, and the first goes on', async () => {
    await fill(8 * 1024 ** 2)
    await refused(['playground', 'start', 'debian', '-q'])
    const failed = await failedRun()
    assert.equal((await ssh('echo still there')).stdout, 'still there\n')
    await server.ok('playground', 'destroy', failed.id)
    assert.deepEqual(await readdir(join(home, 'runs')), [id])
    await assertSound()
    await rm(filler)
  })

  test('on a disk that is full to the last byte a run can be destroyed, which makes space', async () => {
    const other = (await server.ok('playground', 'start', 'debian', '-q')).trim()
    await until('the reserve to be set apart again', async () => (await readdir(home)).includes('reserve'))
    await fill(0)
    await until('the reserve to be given up', async () => !(await readdir(home)).includes('reserve'))
    await refused(['playground', 'start', 'debian', '-q'])
    await server.ok('playground', 'destroy', (await failedRun()).id)
    await server.ok('playground', 'destroy', other)
    assert.deepEqual(await readdir(join(home, 'runs')), [id])
    await rm(filler)
  })

  test('a restart without space fails with no_space; with space everything is as it was', async () => {
    await server.ok('playground', 'stop', id)
    assert.deepEqual(await vmProcesses(home), [])
    await fill(1024 ** 2)
    await refused(['playground', 'restart', id, '-q'])
    await rm(filler)
    await server.ok('playground', 'restart', id, '-q')
    assert.equal((await ssh('stat -c %s /root/big')).stdout, '67108864\n')
    await assertSound()
    const { installation } = await (await server.client()).health()
    await server.ok('playground', 'destroy', id)
    assert.deepEqual(
      (await leftovers(installation, home)).filter((line) => !line.includes(`tmpfs ${home}`)),
      [],
    )
  })
})

import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { finish, until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** A server to which QEMU is not installed: in a mount namespace of its own, an overlay's whiteout hides the program. */
describe('a host without QEMU', { concurrency: false }, () => {
  const hidden = testFolder('hidden')
  const script = 'mount -t overlay overlay -o "lowerdir=$0:/usr/bin" /usr/bin && exec "$@"'
  const server = new TestServer({ wrapper: ['unshare', '--mount', 'sh', '-c', script, hidden] })

  before(async () => {
    // A character device 0/0 in an overlay's layer stands for a file that is gone (Documentation/filesystems/overlayfs).
    await finish(['mknod', `${hidden}/qemu-system-x86_64`, 'c', '0', '0'])
    await server.start()
  })
  after(async () => {
    await server.dispose()
    await rm(hidden, { recursive: true, force: true })
  })

  test('doctor says what is missing and how to install it', async () => {
    const { code, stdout } = await server.ramet(['doctor'])
    assert.equal(code, 1, stdout)
    assert.match(stdout, /fail\s+programs: Not installed: qemu-system-x86_64\./)
    assert.match(stdout, /apt-get install .*qemu-system-x86/)
  })

  test('a start fails with missing_program and the Debian package, and leaves nothing once destroyed', async () => {
    const { code, stderr } = await server.ramet(['playground', 'start', 'debian', '-q'])
    assert.equal(code, 1)
    assert.match(stderr, /qemu-system-x86_64 is not installed/)
    assert.match(stderr, /missing_program/)
    assert.match(stderr, /apt-get install -y qemu-system-x86\b/)
    const client = await server.client()
    const failed = await until('the run to be FAILED', async () =>
      (await client.plays.list()).find(({ state }) => state === 'FAILED'),
    )
    assert.equal(failed.failure?.code, 'missing_program')
    await server.ok('playground', 'destroy', failed.id)
    const { stdout: namespaces } = await finish(['ip', 'netns', 'list'])
    assert.doesNotMatch(namespaces, new RegExp(`r${(await client.health()).installation}-`))
  })
})

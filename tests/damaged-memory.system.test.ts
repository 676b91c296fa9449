import assert from 'node:assert/strict'
import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { chmod, open, readdir, rename, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { inMachine } from './harness/in-machine.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

const qemu = 'qemu-system-x86_64'
const bootId = 'cat /proc/sys/kernel/random/boot_id'

/** Clones of one stopped run share its memory, and each finds something else amiss with it. On a real VM; `kept-memory.test.ts` has more of them on the fake world. */
describe('memory of a real VM that cannot be resumed', { concurrency: false }, () => {
  const server = new TestServer()
  /** Lies over /usr/bin, and has what is bound over /proc/cpuinfo. */
  const other = testFolder('other')
  let source = ''
  let boot = ''

  const clone = async () => (await server.ok('playground', 'clone', source, '-q')).trim()
  const destroy = (run: string) => server.ok('playground', 'destroy', run, '-q')
  const memoryFile = async (name: string) => {
    const [folder = ''] = await readdir(join(server.home, 'snapshots'))
    return join(server.home, 'snapshots', folder, name)
  }
  /** API and CLI say why, and what had been written is there. */
  const bootsBecause = async (at: TestServer, why: RegExp) => {
    const run = await clone()
    const { code, stderr, stdout } = await at.ramet(['playground', 'restart', run], { timeoutMs: 600_000 })
    assert.equal(code, 0, stderr + stdout + at.output.slice(-3000))
    assert.match(stderr, /^Booted\. Its memory could not be resumed: /m)
    assert.match(stderr, why)
    const { startKind, startReason } = await (await at.client()).plays.get(run)
    assert.equal(startKind, 'cold')
    assert.match(startReason ?? '', why)
    assert.notEqual(await inMachine(at, run, 'debian', bootId), boot)
    assert.equal(await inMachine(at, run, 'debian', 'cat /root/written'), 'before the stop')
    await at.ok('playground', 'destroy', run, '-q')
  }
  /** A server on the same home in a mount namespace of its own, where the host is another one. */
  const onOtherHost = async (script: string, use: (elsewhere: TestServer) => Promise<void>) => {
    const elsewhere = new TestServer({ home: server.home, wrapper: ['unshare', '--mount', 'sh', '-c', script, other] })
    await server.kill()
    try {
      await elsewhere.start()
      await use(elsewhere)
    } finally {
      await elsewhere.kill()
      await server.start()
    }
  }

  before(async () => {
    await server.start()
    const started = await server.ramet(['playground', 'start', 'debian', '-q'], { timeoutMs: 900_000 })
    assert.equal(started.code, 0, started.stderr + server.output.slice(-3000))
    source = started.stdout.trim()
    boot = await inMachine(server, source, 'debian', bootId)
    await inMachine(server, source, 'debian', 'echo before the stop > /root/written')
    await server.ok('playground', 'stop', source, '-q')
    assert.ok((await (await server.client()).plays.get(source)).snapshot)
  })
  after(async () => {
    await server.dispose()
    await rm(other, { recursive: true, force: true })
  })

  test('a layer of its drive is gone: the start fails and says which, and goes on with its memory once the layer is back', async () => {
    const run = await clone()
    await server.kill()
    const db = new DatabaseSync(join(server.home, 'ramet.sqlite'), { readOnly: true, timeout: 10_000 })
    const { file } = db.prepare('select file from layers join drives on layer_id = layers.id where run_id = ?').get(run) ?? {}
    db.close()
    await server.start()
    const layer = join(server.home, String(file))
    await rename(layer, `${layer}.away`)
    const { code, stderr } = await server.ramet(['playground', 'restart', run, '-q'])
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`Drive 0 of debian is damaged: its layer ${file} is gone\\. \\(layer_missing\\)`))
    assert.match(stderr, /hint: .*ramet fsck/)
    const play = await until('the run to be FAILED', async () => {
      const now = await (await server.client()).plays.get(run)
      return now.state === 'FAILED' && now
    })
    assert.equal(play.failure?.code, 'layer_missing')
    assert.ok(play.snapshot, 'its memory is kept')
    assert.match((await server.ramet(['fsck'])).stdout, /layer/)
    await rename(`${layer}.away`, layer)
    await server.ok('playground', 'restart', run, '-q')
    assert.equal((await (await server.client()).plays.get(run)).startKind, 'resumed')
    assert.equal(await inMachine(server, run, 'debian', bootId), boot)
    await destroy(run)
  })

  test('QEMU is another one by a single byte: the run boots, and says why', async () => {
    copyFileSync(`/usr/bin/${qemu}`, join(other, qemu))
    appendFileSync(join(other, qemu), '\0')
    await onOtherHost('mount -t overlay overlay -o "lowerdir=$0:/usr/bin" /usr/bin && exec "$@"', (elsewhere) =>
      bootsBecause(elsewhere, /QEMU is another one/),
    )
    await rm(join(other, qemu))
  })

  test('the CPU lacks a flag: the run boots, and says why', async () => {
    writeFileSync(join(other, 'cpuinfo'), readFileSync('/proc/cpuinfo', 'utf8').replace(/^(flags\s*:.*) \S+$/gm, '$1'))
    await onOtherHost('mount --bind "$0/cpuinfo" /proc/cpuinfo && exec "$@"', (elsewhere) =>
      bootsBecause(elsewhere, /this host’s CPU is another one/),
    )
  })

  test('a byte of device state is another one: the run boots, and says why', async () => {
    const path = await memoryFile('0.state')
    await chmod(path, 0o640)
    const file = await open(path, 'r+')
    try {
      const byte = Buffer.alloc(1)
      await file.read(byte, 0, 1, 5000)
      await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, 5000)
      await bootsBecause(server, /the device state of debian is damaged/)
      await file.write(byte, 0, 1, 5000)
    } finally {
      await file.close()
    }
  })

  test('the RAM is cut off: the run boots, and says why', async () => {
    await truncate(await memoryFile('0.ram'), 300 * 1024 * 1024 + 1)
    await bootsBecause(server, /the memory of debian is damaged/)
  })
})

import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { after, test } from 'node:test'
import { unixPort } from '../../vmm/unix-port.ts'
import { makeRunKeys } from '../identity/keys.ts'
import { SshLink } from './ssh-link.ts'
import { standInGuest } from './ssh-link-server.ts'

const folder = await mkdtemp(join(tmpdir(), 'link-'))
const keys = await makeRunKeys()
after(() => rm(folder, { recursive: true }))
const put = async (name: string, script: string) => {
  await writeFile(join(folder, name), script)
  await chmod(join(folder, name), 0o755)
}
await put('as', '#!/bin/sh\nexport AS=$1\nshift\nexec sh "$@"\n')

let count = 0
function machine() {
  count += 1
  const resets = new Set<() => void>()
  const guestSocket = join(folder, `guest${count}.sock`)
  const vm = {
    guestSocket,
    ports: { ssh: unixPort(guestSocket) },
    onReset(listener: () => void) {
      resets.add(listener)
      return () => resets.delete(listener)
    },
  }
  return { vm, reset: () => resets.forEach((listener) => void listener()) }
}
const soon = () => AbortSignal.timeout(10_000)
async function linked() {
  const { vm, reset } = machine()
  const guest = await standInGuest(vm.guestSocket, folder, keys)
  const link = new SshLink(vm, keys)
  await link.ready(soon())
  return {
    ...{ vm, guest, link, reset },
    async [Symbol.asyncDispose]() {
      link.close()
      await guest[Symbol.asyncDispose]()
    },
  }
}

test('a command that ends at once has its exit code and its output', async () => {
  await using w = await linked()
  assert.deepEqual(await w.link.run('at-once'), { code: 3, stdout: 'done', stderr: '' })
})

test('a command has its streams, user, exit code and signal', async () => {
  await using w = await linked()
  const cat = await w.link.exec('cat; echo to stderr >&2; exit 7', { user: 'laborant' })
  cat.stdin.end('from stdin')
  const [out, err, exit] = await Promise.all([text(cat.stdout), text(cat.stderr), cat.exit])
  assert.deepEqual([out, err, exit], ['from stdin', 'to stderr\n', { code: 7 }])
  assert.deepEqual(await w.link.run('echo "$AS"', { user: 'laborant' }), { code: 0, stdout: 'laborant\n', stderr: '' })
  const sleeper = await w.link.exec('sleep 60')
  sleeper.signal('TERM')
  assert.deepEqual(await sleeper.exit, { code: 143, signal: 'SIGTERM' })
  const pty = await w.link.exec('echo $PTY', { pty: { term: 'xterm', cols: 91, rows: 17 } })
  assert.equal(await text(pty.stdout), '91x17\n')
})

test('many commands at once share the connection, and big streams arrive whole', async () => {
  await using w = await linked()
  const outputs = await Promise.all(Array.from({ length: 20 }, (_, at) => w.link.run(`echo ${at}`)))
  assert.deepEqual(
    outputs.map((output) => output.stdout),
    Array.from({ length: 20 }, (_, at) => `${at}\n`),
  )
  const big = Buffer.alloc(6 * 1024 * 1024, 'ramet')
  const cat = await w.link.exec('cat')
  const [back] = await Promise.all([buffer(cat.stdout), pipeline(Readable.from([big]), cat.stdin)])
  assert.ok(back.equals(big))
})

test('a reader that pauses holds the guest up, without holding up others', async () => {
  await using w = await linked()
  const endless = await w.link.exec('yes')
  await new Promise((resolve) => endless.stdout.once('readable', resolve))
  for (let at = 0; at < 20; at += 1) assert.equal((await w.link.run('echo on')).stdout, 'on\n')
  const heldBack = process.memoryUsage().rss
  for (let at = 0; at < 50; at += 1) await w.link.run('true')
  assert.ok(process.memoryUsage().rss - heldBack < 64 * 1024 * 1024)
  endless.close()
  await assert.rejects(endless.exit, { code: 'machine_unreachable' })
})

test('a writer is held up by a command that does not read, and let go when it ends', async () => {
  await using w = await linked()
  const lazy = await w.link.exec('sleep 60')
  let taken = 0
  const endless = Readable.from(
    (function* () {
      for (;;) {
        taken += 1
        yield Buffer.alloc(64 * 1024)
      }
    })(),
  )
  const writing = pipeline(endless, lazy.stdin)
  writing.catch(() => {})
  for (let at = 0; at < 30; at += 1) await w.link.run('true')
  assert.ok(taken < 200, `${taken} chunks`)
  lazy.signal('KILL')
  await assert.rejects(writing)
  assert.deepEqual(await lazy.exit, { code: 137, signal: 'SIGKILL' })
})

test('it waits for a guest that is not there yet, and says so meanwhile', async () => {
  const { vm } = machine()
  const link = new SshLink(vm, keys)
  await assert.rejects(link.exec('id'), { code: 'machine_unreachable' })
  const impatient = AbortSignal.timeout(100)
  await assert.rejects(link.ready(impatient), { name: 'TimeoutError' })
  // The socket is there long before anybody in the guest listens.
  const silent = createServer().listen(vm.guestSocket)
  const caller = await new Promise<Socket>((resolve) => silent.once('connection', resolve))
  caller.destroy()
  await new Promise((resolve) => silent.close(resolve))
  await using _guest = await standInGuest(vm.guestSocket, folder, keys)
  await link.ready(soon())
  assert.equal(link.isReady, true)
  link.close()
  await assert.rejects(link.ready(soon()), { code: 'machine_unreachable' })
})

test('nothing is said to a resumed guest before it is awake, and never to one that does not wake', async () => {
  const { vm } = machine()
  let callers = 0
  const listener = createServer(() => {
    callers += 1
  }).listen(vm.guestSocket)
  const awake = Promise.withResolvers<void>()
  const link = new SshLink(vm, keys, { awake: awake.promise })
  await assert.rejects(link.ready(AbortSignal.timeout(200)), { name: 'TimeoutError' })
  await assert.rejects(link.exec('id'), { code: 'machine_unreachable', message: /not awake yet/ })
  const asleep = new SshLink(vm, keys, { awake: Promise.reject(new Error('it snores')) })
  await assert.rejects(asleep.ready(AbortSignal.timeout(200)), { name: 'TimeoutError' })
  await assert.rejects(asleep.exec('id'), { code: 'machine_unreachable', message: /it snores/ })
  assert.equal(callers, 0)
  await new Promise((resolve) => listener.close(resolve))
  await using _guest = await standInGuest(vm.guestSocket, folder, keys)
  awake.resolve()
  await link.ready(soon())
  for (const each of [link, asleep]) each.close()
})

test('a lost connection ends what ran over it, and comes back by itself', async () => {
  await using w = await linked()
  const changes: boolean[] = []
  w.link.onChange((isReady) => changes.push(isReady))
  const sleeper = await w.link.exec('sleep 60')
  w.guest.cut()
  await assert.rejects(sleeper.exit, { code: 'machine_unreachable' })
  assert.equal(await text(sleeper.stdout), '')
  await w.link.ready(soon())
  assert.equal((await w.link.run('echo again')).stdout, 'again\n')
  assert.deepEqual(changes, [false, true])
})

test('a reset of the machine is noticed though its socket stays open', async () => {
  await using w = await linked()
  w.guest.freeze()
  const lost = new Promise<void>((resolve) => w.link.onChange((isReady) => !isReady && resolve()))
  w.reset()
  await lost
  await w.link.ready(soon())
  assert.equal((await w.link.run('echo again')).stdout, 'again\n')
})

test('a guest with another host key is not logged in to', async () => {
  const { vm } = machine()
  const stranger = await makeRunKeys()
  await using _guest = await standInGuest(vm.guestSocket, folder, { ...keys, hostPrivate: stranger.hostPrivate })
  const link = new SshLink(vm, keys)
  await assert.rejects(link.ready(AbortSignal.timeout(1000)), { name: 'TimeoutError' })
  link.close()
})

test('a guest that talks but runs nothing is not ready', async () => {
  const { vm } = machine()
  await using _guest = await standInGuest(vm.guestSocket, join(folder, 'nowhere'), keys)
  const link = new SshLink(vm, keys)
  await assert.rejects(link.ready(AbortSignal.timeout(1000)), { name: 'TimeoutError' })
  link.close()
})

test('an errand that takes too long is given up', async () => {
  await using w = await linked()
  await assert.rejects(w.link.run('sleep 60', { timeoutMs: 200 }), { code: 'machine_unreachable', message: /200 ms/ })
  assert.equal((await w.link.run('yes | head -c 3000000')).stdout.length, 1024 * 1024)
})

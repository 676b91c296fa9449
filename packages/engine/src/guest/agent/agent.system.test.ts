import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { unixPort } from '../../vmm/unix-port.ts'
import type { GuestProcess } from '../guest.ts'
import { greeting } from '../link/channel-frames.ts'
import { ChannelLink } from '../link/channel-link.ts'
import { compileAgent, HostAgent } from '../link/host-agent.ts'

// The guest's own agent, as a process of this host.
const folder = await mkdtemp(join(tmpdir(), 'agent-'))
await compileAgent(folder)
after(() => rm(folder, { recursive: true }))
const path = join(folder, 'port.sock')
const soon = () => AbortSignal.timeout(20_000)

async function linked() {
  const agent = await HostAgent.start(folder, path)
  const link = new ChannelLink({ ports: { channel: unixPort(path) }, onReset: () => () => {} })
  await link.ready(soon())
  return {
    ...{ agent, link },
    async [Symbol.asyncDispose]() {
      link.close()
      await agent[Symbol.asyncDispose]()
    },
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await holds()); await delay(20)) if (Date.now() > deadline) assert.fail(what)
}
/** A shell says its number before it becomes the command. */
async function numberOf(command: GuestProcess): Promise<number> {
  const [first] = (await command.stdout.iterator({ destroyOnReturn: false }).next()).value.toString().split('\n')
  return Number(first)
}
const isThere = async (pid: number) => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat !== '' && !/\) [ZX]/.test(stat)
}

test('a command has its streams, user, exit code, signal and terminal', async () => {
  await using w = await linked()
  const cat = await w.link.exec('cat; echo to stderr >&2; exit 7')
  cat.stdin.end('from stdin')
  assert.deepEqual(await Promise.all([text(cat.stdout), text(cat.stderr), cat.exit]), ['from stdin', 'to stderr\n', { code: 7 }])
  assert.deepEqual(await w.link.run('id', { user: 'no-such-user' }), {
    ...{ code: 126, stdout: '', stderr: 'ramet: there is no user no-such-user\n' },
  })
  const sleeper = await w.link.exec('echo $$; exec sleep 60')
  await numberOf(sleeper)
  sleeper.signal('TERM')
  assert.deepEqual(await sleeper.exit, { code: 143, signal: 'SIGTERM' })
  const pty = await w.link.exec('test -t 0 && stty size && echo $TERM; read x; stty size', {
    pty: { term: 'vt220', cols: 91, rows: 17 },
  })
  let seen = ''
  pty.stdout.on('data', (bytes: Buffer) => {
    seen += bytes.toString()
  })
  await until('the first size', async () => /17 91\r\nvt220/.test(seen))
  pty.resize(101, 33)
  pty.stdin.write('\n')
  await pty.exit
  assert.match(seen, /33 101/)
})

test('the end of its input hangs no terminal up', async () => {
  await using w = await linked()
  const command = await w.link.exec('sleep 0.3; echo spoken; exit 7', { pty: { term: 'xterm', cols: 80, rows: 24 } })
  command.stdin.end()
  assert.match(await text(command.stdout), /spoken/)
  assert.deepEqual(await command.exit, { code: 7 })
})

test('a command of any length that the API takes runs, beside others and with nothing of ours in it', async () => {
  await using w = await linked()
  const other = await w.link.exec('read x; echo "$x"')
  for (const length of [9_500, 131_071, 131_072, 131_073, 390_000]) {
    const script = `first=$#\n# ${'é'.repeat((length - 60) / 2)}\necho "$first $# $0"; exit 5`
    const { code, stdout, stderr } = await w.link.run(script)
    assert.deepEqual([code, stdout, stderr], [5, '0 0 bash\n', ''], `${length}`)
  }
  const own = await w.link.run(`printf %s '${'x'.repeat(300_000)}' | wc -c`)
  assert.equal(own.stdout.trim(), '300000')
  await assert.rejects(w.link.run('x'.repeat(600_000)), { code: 'invalid_input' })
  other.stdin.end('still here\n')
  assert.equal(await text(other.stdout), 'still here\n')
})

test('tens of megabytes go out and in whole, on both streams at once, and beside each other', async () => {
  await using w = await linked()
  const both = await w.link.exec('(head -c 12000000 /dev/zero >&2) & head -c 30000000 /dev/urandom; wait; exit 9')
  const [out, err, exit] = await Promise.all([buffer(both.stdout), buffer(both.stderr), both.exit])
  assert.deepEqual([out.length, err.length, exit], [30_000_000, 12_000_000, { code: 9 }])
  const big = Buffer.alloc(12 * 1024 * 1024, 'ramet')
  const cat = await w.link.exec('cat')
  const [back] = await Promise.all([buffer(cat.stdout), pipeline(Readable.from([big]), cat.stdin)])
  assert.ok(back.equals(big))
})

test('the words of a greeting in what somebody sends are nothing but bytes', async () => {
  await using w = await linked()
  const words = greeting(Buffer.alloc(16, 0x80))
  const cat = await w.link.exec('cat')
  const sent = Buffer.concat([words, Buffer.alloc(16_376), words, words])
  cat.stdin.end(sent)
  assert.ok((await buffer(cat.stdout)).equals(sent))
})

test('two hundred commands at once share the connection, and a number beyond all channels is told', async () => {
  await using w = await linked()
  const outputs = await Promise.all(Array.from({ length: 200 }, (_, at) => w.link.run(`echo ${at}`)))
  assert.deepEqual(
    outputs.map(({ stdout }) => stdout),
    outputs.map((_, at) => `${at}\n`),
  )
  const many = await Promise.allSettled(Array.from({ length: 520 }, () => w.link.exec('read x')))
  const refused = many.filter(({ status }) => status === 'rejected')
  assert.equal(refused.length, 8)
  assert.match(String((refused[0] as PromiseRejectedResult).reason), /512 commands and connections are open/)
  for (const each of many) if (each.status === 'fulfilled') each.value.close()
  await until('room again', async () => (await w.link.run('echo on').catch(() => ({ stdout: '' }))).stdout === 'on\n')
})

test('a reader that pauses holds its command up, and nobody else', async () => {
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

test('a quiet command is heard beside a hundred that never stop', async () => {
  await using w = await linked()
  const busy = await Promise.all(Array.from({ length: 100 }, () => w.link.exec('cat /dev/zero')))
  for (const { stdout } of busy) stdout.resume()
  const began = performance.now()
  for (let at = 0; at < 5; at += 1) assert.equal((await w.link.run('echo heard')).stdout, 'heard\n')
  assert.ok(performance.now() - began < 15_000)
  for (const each of busy) each.close()
})

test('a writer is held up by a command that does not read, and let go when it ends or closes its input', async () => {
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
  const deaf = await w.link.exec('exec <&-; sleep 0.5; echo awake')
  await pipeline(Readable.from([Buffer.alloc(4 * 1024 * 1024)]), deaf.stdin)
  assert.equal(await text(deaf.stdout), 'awake\n')
})

test('a command whose channel is given up is hung up with all its group, with a terminal and without', async () => {
  await using w = await linked()
  for (const pty of [undefined, { term: 'xterm', cols: 80, rows: 24 }]) {
    const command = await w.link.exec('echo $$; sleep 4712 & exec sleep 4711', pty ? { pty } : {})
    const pid = await numberOf(command)
    assert.ok(await isThere(pid))
    command.close()
    await until('the command to end', async () => !(await isThere(pid)))
  }
  assert.equal((await w.link.run('pgrep -fx "sleep 4712"')).stdout, '')
})

test('a lost connection ends what ran over it, wherever it was cut, and comes back by itself', async () => {
  await using w = await linked()
  const changes: boolean[] = []
  w.link.onChange((isReady) => changes.push(isReady))
  const sleeper = await w.link.exec('echo $$; exec sleep 60')
  const pid = await numberOf(sleeper)
  // The agent is left with half a frame.
  w.agent.toGuest = (bytes) => bytes.subarray(0, Math.min(bytes.length, 9))
  sleeper.stdin.write(Buffer.alloc(50_000))
  await until('half a frame to be sent', async () => sleeper.stdin.writableLength === 0)
  w.agent.cut()
  await assert.rejects(sleeper.exit, { code: 'machine_unreachable' })
  assert.equal(await text(sleeper.stdout), '')
  w.agent.toGuest = (bytes) => bytes
  await w.link.ready(soon())
  assert.equal((await w.link.run('echo again')).stdout, 'again\n')
  await until('the command to end', async () => !(await isThere(pid)))
  assert.deepEqual(changes, [false, true])
})

test('an agent that was killed is noticed at once when another one begins, also in the middle of a frame', async () => {
  await using w = await linked()
  for (let time = 0; time < 3; time += 1) {
    const busy = await w.link.exec('cat /dev/zero')
    await new Promise((resolve) => busy.stdout.once('readable', resolve))
    busy.stdout.resume()
    const lost = new Promise<void>((resolve) => w.link.onChange((isReady) => !isReady && resolve()))
    w.agent.restart()
    await lost
    await w.link.ready(soon())
    assert.equal((await w.link.run('echo on')).stdout, 'on\n')
  }
})

test('an agent that was stopped is not ready, and is again when it goes on', async () => {
  await using w = await linked()
  const link = w.link
  process.kill(w.agent.pid, 'SIGSTOP')
  await assert.rejects(link.run('true', { timeoutMs: 300 }), { code: 'machine_unreachable', message: /300 ms/ })
  process.kill(w.agent.pid, 'SIGCONT')
  assert.equal((await link.run('echo on')).stdout, 'on\n')
})

test('a port on the loopback is reached, both ways and to each half’s end; where nothing listens nothing is', async () => {
  await using w = await linked()
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    const all = await buffer(socket)
    socket.end(Buffer.concat([Buffer.from(`${all.length} `), all]))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  try {
    const sent = Buffer.alloc(3_000_000, 'dial')
    const line = await w.link.dial(port)
    assert.ok(line)
    line.end(sent)
    assert.ok((await buffer(line)).equals(Buffer.concat([Buffer.from('3000000 '), sent])))
    const given = await w.link.dial(port)
    assert.ok(given)
    given.destroy()
    const direct = connect(port, '127.0.0.1')
    direct.end('x')
    assert.equal((await buffer(direct)).toString(), '1 x')
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
  assert.equal(await w.link.dial(port), undefined)
})

test('a tool runs in the platform’s folder, as root, with no shell in between', async () => {
  await using w = await linked()
  assert.deepEqual(await w.link.tool(['sh', '-c', 'pwd; cat; echo "$1"', 'sh', "it's"], { stdin: 'in\n' }), {
    ...{ code: 0, stdout: `${folder}\nin\nit's\n`, stderr: '' },
  })
  await writeFile(join(folder, 'plain'), '#!/no/such/shell\necho "by ours: $1"\n', { mode: 0o755 })
  assert.equal((await w.link.tool(['plain', 'x'])).stdout, 'by ours: x\n')
  assert.equal((await w.link.tool(['nothing-there'])).code, 127)
  await assert.rejects(w.link.tool(['../bin/sh']), { code: 'machine_unreachable', message: /not a tool/ })
})

test('an errand that takes too long is given up', async () => {
  await using w = await linked()
  await assert.rejects(w.link.run('sleep 60', { timeoutMs: 200 }), { code: 'machine_unreachable', message: /200 ms/ })
  assert.equal((await w.link.run('yes | head -c 3000000')).stdout.length, 1024 * 1024)
})

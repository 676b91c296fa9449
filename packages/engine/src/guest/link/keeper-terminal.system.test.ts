import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { unixPort } from '../../vmm/unix-port.ts'
import type { GuestTerminal } from '../guest.ts'
import { ChannelLink } from './channel-link.ts'
import { compileAgent, HostAgent } from './host-agent.ts'

// The guest's own agent and session keeper, on this host.
const folder = await mkdtemp(join(tmpdir(), 'keeper-'))
const path = join(folder, 'guest.sock')
await compileAgent(folder)
const daemon = spawn('./keeper', ['daemon'], { cwd: folder, stdio: 'ignore' })
const guest = await HostAgent.start(folder, path)
const link = new ChannelLink({ ports: { channel: unixPort(path) }, onReset: () => () => {} })

before(async () => {
  await link.ready(AbortSignal.timeout(10_000))
  for (;;) if (await stat(join(folder, 'keeper.sock')).then(Boolean, () => false)) break
})
after(async () => {
  link.close()
  // Also one that a test has stopped.
  daemon.kill('SIGKILL')
  await guest[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const size = { user: 'root', cols: 80, rows: 24 }
/** Reads on until `wanted` was printed; resolves to all that was. */
async function until(terminal: GuestTerminal, wanted: RegExp): Promise<string> {
  let seen = ''
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const timer = setTimeout(() => reject(new Error(`never printed ${wanted}: ${seen}`)), 10_000)
  const take = (bytes: Buffer) => {
    seen += bytes.toString()
    if (wanted.test(seen)) resolve(seen)
  }
  terminal.output.on('data', take).resume()
  return promise.finally(() => {
    clearTimeout(timer)
    terminal.output.off('data', take)
    terminal.output.pause()
  })
}

test('a terminal keeps its shell and what it printed, through a lost connection', async () => {
  const first = await link.terminal('tab-1', size)
  assert.equal(first.resumed, false)
  first.input.write('kept=$((6*7)); echo "value $kept."\n')
  await until(first, /value 42\./)
  guest.cut()
  await assert.rejects(first.exit, { code: 'machine_unreachable' })
  await link.ready(AbortSignal.timeout(10_000))
  const second = await link.terminal('tab-1', size)
  assert.equal(second.resumed, true)
  second.input.write('echo "still $kept."\n')
  assert.match(await until(second, /still 42\./), /value 42\./)
  second.resize(101, 33)
  second.input.write('stty size\n')
  await until(second, /33 101/)
  second.close()
  const third = await link.terminal('tab-1', size)
  assert.equal(third.resumed, true)
  third.input.write('exit 5\n')
  third.output.resume()
  assert.deepEqual(await third.exit, { code: 5 })
})

test('a terminal whose reader pauses loses nothing', async () => {
  const terminal = await link.terminal('flood', size)
  terminal.input.write('stty -echo; seq 1 200000; exit\n')
  await new Promise((resolve) => terminal.output.once('readable', resolve))
  for (let at = 0; at < 10; at += 1) await link.run('true')
  const printed = await text(terminal.output)
  assert.ok(printed.includes('\r\n199999\r\n200000\r\n'), printed.slice(-200))
  assert.equal(printed.match(/^\d+\r$/gm)?.length, 200_000)
  assert.deepEqual(await terminal.exit, { code: 0 })
})

test('a user that is not there is told, and commands run as the user that is asked for', async () => {
  const terminal = await link.terminal('nobody-here', { ...size, user: 'nosuchuser' })
  assert.match(await text(terminal.output), /no user nosuchuser/)
  assert.deepEqual(await terminal.exit, { code: 126 })
  assert.equal((await link.run('id -un', { user: 'root' })).stdout, 'root\n')
  assert.equal((await link.run('id -un', { user: 'nosuchuser' })).code, 126)
})

test('erase takes a whole character of UTF-8, in a kept terminal and in a command’s', async () => {
  const terminal = await link.terminal('utf8', size)
  terminal.input.write('stty -a | grep -o iutf[8]; cat | od -An -tx1\n')
  await until(terminal, /iutf8/)
  terminal.input.write('aé\x7fb\n\x04')
  await until(terminal, /61 62 0a/)
  terminal.close()
  const command = await link.exec('stty -a | grep -o iutf8; cat | od -An -tx1', { pty: { term: 'xterm', cols: 80, rows: 24 } })
  command.stdin.write('aé\x7fb\n\x04')
  assert.match(await text(command.stdout), /iutf8[\s\S]*61 62 0a/)
})

test('a keeper that somebody has stopped goes on with the next terminal', async () => {
  daemon.kill('SIGSTOP')
  const terminal = await link.terminal('after-a-stop', size)
  terminal.input.write('echo $((6*7)).; exit\n')
  assert.match(await text(terminal.output), /42\./)
})

import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { unixPort } from '../../vmm/unix-port.ts'
import { ChannelLink } from '../link/channel-link.ts'
import { compileAgent, HostAgent } from '../link/host-agent.ts'
import { type TaskScript, tryScript } from './try-script.ts'

// The guest's own agent and keeper, on this host.
const folder = await mkdtemp(join(tmpdir(), 'try-'))
const path = join(folder, 'guest.sock')
await compileAgent(folder)
const guest = await HostAgent.start(folder, path)
const link = new ChannelLink({ ports: { channel: unixPort(path) }, onReset: () => () => {} })

before(() => link.ready(AbortSignal.timeout(10_000)))
after(async () => {
  link.close()
  await guest[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const never = new AbortController().signal
const attempt = async (script: string, more: Partial<TaskScript> = {}, signal = never) => {
  const end = await tryScript(link, 'box', { user: 'root', script, timeoutSeconds: 20, ...more }, signal)
  assert.ok(!('refused' in end), JSON.stringify(end))
  return end
}

/** Processes that have this word among theirs. Each sleeps so long that no other program does. */
async function sleeping(word: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.filter((line) => line.split('\0').includes(word)).length
}
async function gone(word: string): Promise<void> {
  const late = AbortSignal.timeout(10_000)
  while ((await sleeping(word)) > 0) {
    late.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('a script runs as its user, in bash, with nothing on its standard input, and both of its outputs come', async () => {
  const end = await attempt('echo $BASH_VERSION | tr -dc .; echo; id -un; cat; pwd; echo wrong >&2; exit 3', { user: 'nobody' })
  assert.deepEqual([end.state, end.exitCode, end.stderr], ['exited', 3, 'wrong\n'])
  assert.match(end.stdout, /^\.+\nnobody\n\/.*\n$/)
})

test('a script of any content and length up to the bound comes whole', async () => {
  const words = "it's $HOME `x` é".repeat(20_000)
  const end = await attempt(`printf '%s' '${words.replaceAll("'", `'\\''`)}' | wc -c`)
  assert.equal(Number(end.stdout), Buffer.byteLength(words))
})

test('of much output the beginning and the end are kept', async () => {
  const end = await attempt(
    'echo begins; head -c 300000 /dev/zero | tr "\\0" x; echo ends; head -c 100000 /dev/zero | tr "\\0" y >&2',
  )
  assert.match(end.stdout, /^begins\nx+\n\[\d+ bytes left out\]\nx+ends\n$/)
  assert.ok(end.stdout.length < 66_000 && end.stderr.length < 66_000)
})

test('what takes too long is ended, with all that it started', async () => {
  const end = await attempt('echo waits; sleep 31415 & sleep 31415', { timeoutSeconds: 1 })
  assert.deepEqual([end.state, end.stdout], ['timed-out', 'waits\n'])
  assert.ok(end.tookMs >= 1000 && end.tookMs < 15_000, `${end.tookMs} ms`)
  await gone('31415')
})

test('what a script leaves in the background ends with it, and its end is not waited for', async () => {
  const end = await attempt('sleep 31416 & echo left')
  assert.deepEqual([end.state, end.exitCode, end.stdout], ['exited', 0, 'left\n'])
  await gone('31416')
})

test('it ends when the caller leaves, and with the connection', async () => {
  for (const leave of ['abort', 'cut'] as const) {
    const stop = new AbortController()
    const tried = attempt('sleep 31417', {}, stop.signal)
    tried.catch(() => {})
    const late = AbortSignal.timeout(10_000)
    while ((await sleeping('31417')) === 0) {
      late.throwIfAborted()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    if (leave === 'abort') stop.abort(new Error('the run is paused'))
    else guest.cut()
    await assert.rejects(tried, leave === 'abort' ? /paused/ : { code: 'machine_unreachable' })
    await link.ready(AbortSignal.timeout(10_000))
    await gone('31417')
  }
})

test('a user that is not there is told', async () => {
  const end = await tryScript(link, 'box', { user: 'no-such-user', script: 'true', timeoutSeconds: 1 }, never)
  assert.deepEqual(end, { refused: 'There is no user no-such-user.' })
})

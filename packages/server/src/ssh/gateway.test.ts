import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect as connectTcp, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import type { GuestProcess } from '@ramet/engine'
import { notFound } from '@ramet/model/errors/errors.ts'
import { pino } from 'pino'
import { OpenCounts } from '../access/open-counts.ts'
import { SshGateway } from './gateway.ts'
import { openHostKey, publicLine } from './host-key.ts'
import { onlyKey, parsePublic } from './ssh-keys.ts'

// The real OpenSSH client; in place of machines, commands of this host.
const folder = await mkdtemp(join(tmpdir(), 'rt-ssh-'))
const ann = { id: 'ann', name: 'ann' }
const asked: { machine: string; command: string; user: string | undefined; pty: boolean }[] = []
let isKeyTaken = false
let gateway: SshGateway
let port = 0

before(async () => {
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')])
  await run('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', join(folder, 'strange')])
  const wire = parsePublic((await readFile(join(folder, 'key.pub'), 'utf8')).trim()).wire
  const userOf = onlyKey(wire, ann)
  await mkdir(join(folder, 'secrets'))
  const hostKey = await openHostKey(folder)
  assert.equal(await openHostKey(folder), hostKey, 'a second server has the same key')
  await writeFile(join(folder, 'known'), `[127.0.0.1]:* ${publicLine(hostKey)}\n`)
  gateway = new SshGateway({
    hostKey,
    log: pino({ level: 'silent' }),
    counts: new OpenCounts(),
    access: {
      userOf: async (key) => (isKeyTaken ? undefined : userOf(key)),
      destinationOf: async (_user, name) => {
        if (name !== 'lab') throw notFound('run', name, 'There is: lab')
        return { runId: 'r', machine: 'web', account: undefined }
      },
    },
    machines: {
      exec: async (_user, _id, machine, command, { user, pty }) => {
        asked.push({ machine, command, user, pty: pty !== undefined })
        return local(spawn('sh', ['-c', command || 'cat'], { stdio: 'pipe' }))
      },
      dial: async (_user, _id, _machine, to) => connectTcp(to, '127.0.0.1'),
    },
  })
  port = await gateway.listen('127.0.0.1', 0)
})
after(async () => {
  await gateway[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

function local(child: ChildProcess): GuestProcess {
  return {
    stdin: child.stdin!,
    stdout: child.stdout!,
    stderr: child.stderr!,
    exit: once(child, 'exit').then(([code, signal]) => ({
      code: code ?? -1,
      ...(signal ? { signal: String(signal).slice(3) } : {}),
    })),
    resize() {},
    signal: (name) => void child.kill(`SIG${name}`),
    close: () => void child.kill('SIGHUP'),
  }
}

const client = (name: string, options: readonly string[] = []) => [
  ...['-F', 'none', '-p', String(port), '-i', join(folder, name), '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
  ...['-o', `UserKnownHostsFile=${join(folder, 'known')}`, '-o', 'StrictHostKeyChecking=yes'],
  ...options,
]

async function run(
  program: string,
  argv: readonly string[],
  stdin = '',
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(program, argv, { stdio: 'pipe', timeout: 30_000, killSignal: 'SIGKILL' })
  child.stdin.on('error', () => {})
  child.stdin.end(stdin)
  const [[code], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
  return { code: code ?? -1, stdout, stderr }
}

test('a command has its input, both outputs and its exit status', async () => {
  const { code, stdout, stderr } = await run('ssh', [...client('key'), 'lab@127.0.0.1', 'cat; echo no >&2; exit 7'], 'yes\n')
  assert.deepEqual({ code, stdout, stderr }, { code: 7, stdout: 'yes\n', stderr: 'no\n' })
  assert.deepEqual(asked.at(-1), { machine: 'web', command: 'cat; echo no >&2; exit 7', user: undefined, pty: false })
})

test('a command that a signal ended shows as such', async () => {
  assert.equal((await run('ssh', [...client('key'), 'lab@127.0.0.1', 'kill -TERM $$'])).code, 255)
})

test('megabytes go both ways, whole', async () => {
  const much = 'x'.repeat(5_000_000)
  const { stdout } = await run('ssh', [...client('key'), 'lab@127.0.0.1', 'cat'], much)
  assert.equal(stdout.length, much.length)
})

test('a wrong name of a run is told with what there is, and exits as ssh does when it fails', async () => {
  const { code, stderr } = await run('ssh', [...client('key'), 'nobody@127.0.0.1', 'true'])
  assert.equal(code, 255)
  assert.match(stderr, /nobody/)
  assert.match(stderr, /There is: lab/)
})

test('a port is forwarded: of the machine itself, or of a host that the machine reaches by its name', async () => {
  const web = createServer((socket) => socket.end('hello from inside')).listen(0, '127.0.0.1')
  await once(web, 'listening')
  const { port: inside } = web.address() as { port: number }
  const through = (host: string) => run('ssh', [...client('key', ['-W', `${host}:${inside}`]), 'lab@127.0.0.1'])
  assert.equal((await through('localhost')).stdout, 'hello from inside')
  await through('db')
  assert.equal(asked.at(-1)?.command, `exec /run/ramet/busybox nc db ${inside}`)
  assert.match((await through('-e')).stderr, /forwarding failed|prohibited/i)
  web.close()
})

test('a key of nobody, and a password, do not get in', async () => {
  const strange = await run('ssh', [...client('strange'), 'lab@127.0.0.1', 'true'])
  assert.match(strange.stderr, /Permission denied \(publickey\)/)
  const password = await run('ssh', [...client('key', ['-o', 'PubkeyAuthentication=no']), 'lab@127.0.0.1', 'true'])
  assert.match(password.stderr, /Permission denied \(publickey\)/)
})

test('a key that was taken away opens no further session of a connection that is open', async () => {
  const socket = join(folder, 'master')
  const master = spawn('ssh', [...client('key', ['-M', '-S', socket, '-N']), 'lab@127.0.0.1'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  try {
    const isUp = async () => (await run('ssh', ['-F', 'none', '-S', socket, '-O', 'check', 'lab@127.0.0.1'])).code === 0
    const until = Date.now() + 20_000
    while (!(await isUp())) assert.ok(Date.now() < until, 'the connection stands')
    assert.equal((await run('ssh', ['-F', 'none', '-S', socket, 'lab@127.0.0.1', 'echo in'])).stdout, 'in\n')
    isKeyTaken = true
    assert.notEqual((await run('ssh', ['-F', 'none', '-S', socket, 'lab@127.0.0.1', 'echo in'])).stdout, 'in\n')
  } finally {
    isKeyTaken = false
    master.kill('SIGKILL')
  }
})

test('a private key is refused where a public one is asked for', () => {
  assert.throws(() => parsePublic('-----BEGIN OPENSSH PRIVATE KEY-----'), { code: 'invalid_input', message: /private key/ })
  assert.throws(() => parsePublic('ssh-ed25519 AAAA'), { code: 'invalid_input' })
  assert.throws(() => parsePublic('hello'), { code: 'invalid_input' })
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer as createWebServer, request as httpRequest } from 'node:http'
import { type AddressInfo, createServer, connect as dialHere } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect } from '@ramet/client'
import ssh2 from 'ssh2'
import { createWebSocketStream, WebSocket } from 'ws'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { findExamples, isForRealMachine } from './examples/find-examples.ts'
import { substitute } from './examples/given.ts'
import { type as typeIn, typeUntil } from './examples/shell.ts'
import { connectAgent } from './harness/connect-agent.ts'
import { finish, until } from './harness/processes.ts'
import { root, TestServer } from './harness/server.ts'

/** Plain OpenSSH into a real VM whose image has no sshd, by the lines of `ramet ssh-config` alone. */
describe('plain ssh', { concurrency: false }, () => {
  const server = new TestServer()
  const folder = testFolder('s')
  const config = join(folder, 'config')
  const key = join(folder, 'key')
  let id = ''

  const ssh = (...argv: string[]) => finish(['ssh', '-F', config, '-i', key, 'ramet-lab', ...argv], { timeoutMs: 60_000 })
  const must = async (...argv: [string, ...string[]]) => {
    const done = await finish(argv, { timeoutMs: 120_000 })
    assert.equal(done.code, 0, `${argv.join(' ')}: ${done.stderr}`)
    return done.stdout
  }

  before(async () => {
    await mkdir(folder, { recursive: true })
    await server.start()
    await must('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key)
    id = (await server.ok('playground', 'start', 'debian', '-q', '--title', 'Lab')).trim()
    await server.ok('ssh-key', 'add', `${key}.pub`, '--name', 'laptop')
    await writeFile(
      config,
      `${await server.ok('ssh-config')}\nHost *\n  BatchMode yes\n  IdentitiesOnly yes\n  StrictHostKeyChecking yes\n  UserKnownHostsFile /dev/null\n`,
    )
  })
  after(async () => {
    await server.ramet(['playground', 'destroy', id])
    await server.dispose()
    await rm(folder, { recursive: true, force: true })
  })

  test('a command runs in the machine, with its exit status; the host key is known beforehand', async () => {
    const { code, stdout, stderr } = await ssh('hostname; exit 3')
    assert.equal(stdout, 'debian\n', stderr)
    assert.equal(code, 3)
  })

  test('the journal of a machine is printed, and followed until nobody reads', async () => {
    // Early in a boot systemd-journald moves what it has to the drive, and journalctl finds nothing.
    const printed = () => server.ok('journal', id, '--until', 'now', '-n', '3')
    await until('the journal to have lines', async () => /^(\S+ .*\n){3}/.test(await printed()), 60_000)
    const leave = new AbortController()
    let seen = ''
    const reading = (async () => {
      const client = await server.client()
      for await (const { stdout = '' } of client.journal(id, { lines: 0, unit: 'told.service' }, leave.signal)) seen += stdout
    })()
    await until(
      'the line to be told',
      async () => {
        await ssh('systemd-run -q --wait --unit told.service echo seen-by-me')
        return seen.includes('seen-by-me')
      },
      60_000,
    )
    leave.abort()
    await reading
    await until('nothing to follow it', async () => (await ssh('pgrep -x journalctl')).code === 1, 30_000)
  })

  test('a terminal is one', async () => {
    assert.match((await ssh('-tt', 'tty; stty size')).stdout, /\/dev\/pts\/\d+\r\n\d+ \d+\r\n/)
  })

  test('scp -r and sftp carry a tree there and back, whole, with modes and times', async () => {
    const tree = join(folder, 'tree')
    await mkdir(join(tree, 'inner folder'), { recursive: true })
    await writeFile(join(tree, 'big'), randomBytes(8 * 1024 ** 2))
    await writeFile(join(tree, 'inner folder', 'tool'), '#!/bin/sh\necho carried\n', { mode: 0o755 })
    await symlink('big', join(tree, 'link'))
    await must('scp', '-F', config, '-i', key, '-rpq', tree, 'ramet-lab:/root/there')
    assert.equal((await ssh('"/root/there/inner folder/tool"')).stdout, 'carried\n')
    await must('scp', '-F', config, '-i', key, '-rpq', 'ramet-lab:/root/there', join(folder, 'back'))
    await must('cmp', join(tree, 'big'), join(folder, 'back', 'big'))
    const batch = join(folder, 'batch')
    await writeFile(batch, 'cd /root/there\nrename big bigger\nsymlink bigger other\nls -l\n')
    assert.match(await must('sftp', '-q', '-F', config, '-i', key, '-b', batch, 'ramet-lab'), /bigger/)
    assert.equal((await ssh('readlink /root/there/other; sha256sum </root/there/bigger')).code, 0)
  })

  test('sftp runs as the user who logs in, and does what he may', async () => {
    await ssh('useradd -m ann && umask 077 && echo secret >/root/secret')
    const batch = join(folder, 'as-ann')
    await writeFile(batch, 'pwd\n-get /root/secret\nput config mine\n')
    const asAnn = await finish(['sftp', '-q', '-F', config, '-i', key, '-o', `User=${id}+debian+ann`, '-b', batch, 'ramet-lab'], {
      cwd: folder,
      timeoutMs: 60_000,
    })
    assert.equal(asAnn.code, 0, asAnn.stderr)
    assert.match(asAnn.stdout, /\/home\/ann/)
    assert.equal(existsSync(join(folder, 'secret')), false)
    assert.equal((await ssh('stat -c %U /home/ann/mine')).stdout, 'ann\n')
  })

  test('a port of the machine is reached through the connection', async () => {
    await ssh('nohup sh -c "while :; do echo from inside | /run/ramet/busybox nc -l -p 8080; done" >/dev/null 2>&1 &')
    await until(
      'the port to answer',
      async () =>
        (
          await finish(['ssh', '-F', config, '-i', key, '-W', 'localhost:8080', 'ramet-lab'], { timeoutMs: 10_000 })
        ).stdout.includes('from inside'),
      30_000,
    )
  })

  test('-R: a port in the machine leads to the client for as long as the connection lasts, and to nothing where the client has nothing', async () => {
    const here = createServer((socket) => socket.end('from the client\n')).listen(0, '127.0.0.1')
    await once(here, 'listening')
    const { port } = here.address() as AddressInfo
    try {
      const dial = (address: string, to: number) => `/run/ramet/busybox nc ${address} ${to} </dev/null`
      const forwards = ['-R', `9090:127.0.0.1:${port}`, '-R', '9091:127.0.0.1:1', '-R', `*:9092:127.0.0.1:${port}`]
      const options = ['-F', config, '-i', key, '-o', 'ExitOnForwardFailure=yes', ...forwards, 'ramet-lab']
      const commands = `${dial('127.0.0.1', 9090)}; ${dial('127.0.0.1', 9091)}; ${dial('$(hostname -i)', 9092)}; ${dial('127.0.0.1', 9090)}; for n in $(seq 40); do ${dial('127.0.0.1', 9090)}; done`
      const { stdout, stderr, code } = await finish(['ssh', ...options, commands], { timeoutMs: 60_000 })
      assert.equal(stdout, 'from the client\n'.repeat(43), stderr)
      assert.equal(code, 0)
      await until('the port to be free again', async () => (await ssh(dial('127.0.0.1', 9090))).code !== 0, 30_000)
      const twice = ['-R', `22222:127.0.0.1:${port}`, '-R', '22222:127.0.0.1:1']
      const taken = await finish(['ssh', ...options.slice(0, 6), ...twice, 'ramet-lab', 'true'], { timeoutMs: 60_000 })
      assert.notEqual(taken.code, 0, 'a port that is in use is refused')
    } finally {
      here.close()
    }
  })

  test('-A: programs of the session use the keys of the client’s agent, only when asked, and the socket goes with the session', async () => {
    const socket = join(folder, 'agent')
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(await must('ssh-agent', '-s', '-a', socket))?.[1])
    try {
      await must('env', `SSH_AUTH_SOCK=${socket}`, 'ssh-add', '-q', key)
      // SSH_AGENTC_REQUEST_IDENTITIES (draft-ietf-sshm-ssh-agent, 3.5): images have no ssh-add.
      const askForKeys = `perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new($ENV{SSH_AUTH_SOCK}) or die; print $s pack("NC", 1, 11); $s->flush; $s->sysread($b, 4); $s->sysread($b, unpack("N", $b)); print unpack("H*", $b)'`
      const withAgent = (...argv: string[]) =>
        finish(['env', `SSH_AUTH_SOCK=${socket}`, 'ssh', '-F', config, '-i', key, ...argv], { timeoutMs: 60_000 })
      const asked = await withAgent('-A', 'ramet-lab', askForKeys)
      const [, blob = ''] = (await readFile(`${key}.pub`, 'utf8')).split(' ')
      assert.ok(asked.stdout.includes(Buffer.from(blob, 'base64').toString('hex')), asked.stderr + asked.stdout)
      assert.equal(asked.code, 0, 'the session ends with its command')
      assert.equal((await withAgent('ramet-lab', 'echo "[$SSH_AUTH_SOCK]"')).stdout, '[]\n')
      await until('the socket to be gone', async () => (await ssh('ls -d /tmp/ssh-*')).code !== 0, 30_000)
    } finally {
      process.kill(pid)
    }
  })

  test('many sessions share one connection', async () => {
    const socket = join(folder, 'm')
    await must('ssh', '-F', config, '-i', key, '-fNM', '-S', socket, 'ramet-lab')
    const all = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        finish(['ssh', '-F', config, '-S', socket, 'ramet-lab', `echo ${n}`], { timeoutMs: 60_000 }),
      ),
    )
    assert.deepEqual(
      all.map(({ stdout }) => stdout.trim()),
      all.map((_, n) => String(n)),
    )
    await finish(['ssh', '-F', config, '-S', socket, '-O', 'exit', 'ramet-lab'])
  })

  test('labctl’s way: a tunnel, its cookie, a websocket a connection, ssh by the key that came along', async () => {
    const { endpoint, token } = { endpoint: server.endpoint, token: await server.token() }
    const headers = { authorization: `Basic ${Buffer.from(`session:${token}`).toString('base64')}` }
    const publicKey = await readFile(`${key}.pub`, 'utf8')
    const body = JSON.stringify({
      machine: 'debian',
      port: 0,
      access: 'private',
      generateLoginUrl: true,
      sshUser: 'root',
      sshPubKey: publicKey,
    })
    const answer = await fetch(`${endpoint}/api/plays/${id}/tunnels`, { method: 'POST', headers, body })
    assert.equal(answer.status, 200)
    const { url, loginUrl } = (await answer.json()) as { url: string; loginUrl: string }
    const login = await fetch(loginUrl)
    const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    assert.match(cookie, /^\.ixcondsess=./)
    const socket = (address: string, sent: Record<string, string> = { cookie }) =>
      new WebSocket(`${url.replace('http', 'ws')}/tunnels/${Buffer.from(address).toString('base64')}`, { headers: sent })
    const refused = socket(':22', {})
    const [, { statusCode }] = (await once(refused, 'unexpected-response')) as [unknown, { statusCode: number }]
    assert.equal(statusCode, 401)
    const client = new ssh2.Client()
    const ready = once(client, 'ready')
    client.connect({ sock: createWebSocketStream(socket(':22')) as never, username: 'root', privateKey: await readFile(key) })
    await ready
    const said = await new Promise<string>((resolve, reject) =>
      client.exec('hostname', (error, stream) =>
        error ? reject(error) : stream.on('data', (bytes: Buffer) => resolve(bytes.toString())),
      ),
    )
    assert.equal(said, 'debian\n')
    client.end()
    const web = createWebSocketStream(socket(':8080'))
    assert.match((await web.take(1).toArray()).join(''), /from inside/)
    // The other way: the machine listens, and each connection is a websocket that the client opens.
    const control = socket('listen:127.0.0.1:9099')
    await once(control, 'open')
    const heard = ssh('echo to the client | /run/ramet/busybox nc 127.0.0.1 9099')
    const [told] = (await once(control, 'message')) as [Buffer]
    const { type, cid } = JSON.parse(told.toString()) as { type: string; cid: string }
    assert.equal(type, 'connect')
    const connection = createWebSocketStream(socket(`connect:${cid}`))
    assert.equal((await connection.take(1).toArray()).join(''), 'to the client\n')
    connection.end('from the client\n')
    assert.equal((await heard).code, 0)
    const taken = socket('listen:127.0.0.1:9099')
    const [, { statusCode: refusal }] = (await once(taken, 'unexpected-response')) as [unknown, { statusCode: number }]
    assert.equal(refusal, 409)
    control.close()
  })

  test('ramet cp carries a file and a folder there and back, with modes and links', async () => {
    const tree = join(folder, 'cp')
    await mkdir(join(tree, 'in ner'), { recursive: true })
    await writeFile(join(tree, 'in ner', "it's"), '#!/bin/sh\necho copied\n', { mode: 0o755 })
    await symlink('in ner', join(tree, 'link'))
    await writeFile(join(folder, 'big'), randomBytes(4 * 1024 ** 2))
    await server.ok('cp', '-q', join(folder, 'big'), `${id}:/root/cp/big`)
    await server.ok('cp', '-q', `${id}:/root/cp/big`, join(folder, 'big-back'))
    await must('cmp', join(folder, 'big'), join(folder, 'big-back'))
    await server.ok('cp', '-qr', tree, `${id}:/root/cp`)
    assert.equal((await ssh('"/root/cp/cp/link/it\'s"')).stdout, 'copied\n')
    await server.ok('cp', '-qr', `${id}:/root/cp`, join(folder, 'cp-back'))
    await must('cmp', join(tree, 'in ner', "it's"), join(folder, 'cp-back', 'cp', 'link', "it's"))
    const refused = await server.ramet(['cp', `${id}:/root/none`, folder])
    assert.match(refused.stderr, /There is no \/root\/none/)
  })

  test('the examples of pages and --help that need a real machine do what they say', { timeout: 120_000 }, async () => {
    const here = join(folder, 'examples')
    await mkdir(join(here, 'bin'), { recursive: true })
    // OpenSSH takes the home of whoever runs the tests, whatever HOME is.
    for (const program of ['ssh', 'scp'])
      await writeFile(join(here, 'bin', program), `#!/bin/sh\nexec /usr/bin/${program} -F ${config} -i ${key} "$@"\n`, {
        mode: 0o755,
      })
    for (const path of ['notes', 'src']) {
      await mkdir(join(here, path))
      await writeFile(join(here, path, 'today'), 'carried\n')
    }
    await writeFile(join(here, 'notes.txt'), 'carried\n')
    const examples = new Set((await findExamples()).filter(isForRealMachine).map(({ text }) => text))
    assert.ok(examples.size >= 6)
    for (const text of examples) {
      const given = {
        'ramet-debian': 'ramet-lab',
        'ramet-my-lab.web': 'ramet-lab.debian',
        'ID/web': `${id}/debian`,
        ID: id,
        RUN: id,
      }
      const line = substitute(text, { ...given, '8080:localhost:80': `${await freePort()}:localhost:80` })
      const shell = { folder: here, env: { RAMET_HOME: server.home } }
      const isLasting = line.startsWith('ramet expose local')
      const { code, stdout, stderr } = isLasting ? await typeUntil(line, shell, /leads to/) : await typeIn(line, shell, 'exit\n')
      assert.equal(code, isLasting ? 130 : 0, `${line}: ${stdout}${stderr}`)
    }
    const places = '"$HOME/notes/today" "$HOME/notes.txt" /root/src/today /root/project/today'
    assert.equal((await ssh(`cat ${places}`)).stdout, 'carried\n'.repeat(4))
    assert.match(await readFile(join(here, 'os-release'), 'utf8'), /Debian/)
  })

  test('a program has commands, files and ports of the machine', async () => {
    const machine = (await connect({ endpoint: server.endpoint, token: await server.token() }).run(id)).machine('debian')
    assert.match((await machine.exec(['uname', '-r'])).stdout, /^\d+\.\d+/)
    assert.equal((await machine.exec(['sh', '-c', 'wc -c; exit 3'], { input: 'x'.repeat(300_000) })).exitCode, 3)
    const files = machine.files({ user: 'root' })
    const bytes = new Uint8Array(randomBytes(300_000))
    await files.write('/root/sdk/file', bytes)
    assert.deepEqual(await files.read('/root/sdk/file', { offset: 1000, bytes: 5 }), bytes.slice(1000, 1005))
    using socket = await machine.connect(8080)
    const { value } = await socket.readable.getReader().read()
    assert.match(new TextDecoder().decode(value), /from inside/)
    await assert.rejects(machine.connect(9), { code: 'port_closed' })
  })

  test('ports of the machine are plain TCP and UDP ports of the host', async () => {
    const tcp = new URL((await server.ok('expose', id, '8080', '--tcp', '0', '-q')).trim())
    const socket = dialHere({ host: tcp.hostname, port: Number(tcp.port) })
    assert.match((await socket.take(1).toArray()).join(''), /from inside/)
    const echo =
      '$s = IO::Socket::INET->new(Proto => "udp", LocalPort => 8053) or die; while (defined($p = recv($s, $b, 2000, 0))) { send($s, "got $b", 0, $p) }'
    await ssh(`nohup perl -MIO::Socket::INET -e '${echo}' >/dev/null 2>&1 &`)
    const udp = new URL((await server.ok('expose', id, '8053', '--udp', '0', '-q')).trim())
    const [one, other] = [createSocket('udp4'), createSocket('udp4')]
    const heard: string[] = []
    for (const [name, each] of [
      ['one', one],
      ['other', other],
    ] as const)
      each.on('message', (datagram) => heard.push(`${name} ${datagram}`))
    await until(
      'answers to each',
      async () => {
        one.send('a', Number(udp.port), udp.hostname)
        other.send('b', Number(udp.port), udp.hostname)
        return new Set(heard).size === 2
      },
      20_000,
      100,
    )
    assert.deepEqual([...new Set(heard)].toSorted(), ['one got a', 'other got b'])
    for (const each of [one, other]) each.close()
    for (const port of (await server.ok('expose', 'list', id, '-q')).trim().split('\n'))
      await server.ok('expose', 'remove', id, port)
  })

  test('a port of this computer is one of the machine, published, also after the server was away, until ctrl-c', async () => {
    const here = createWebServer((_request, reply) => reply.end('served here\n')).listen(0, '127.0.0.1')
    await once(here, 'listening')
    const { port } = here.address() as AddressInfo
    const get = '$s = IO::Socket::INET->new("127.0.0.1:80") or die; print $s "GET / HTTP/1.0\\r\\n\\r\\n"; print <$s>'
    const inside = async () => (await ssh(`perl -MIO::Socket::INET -e '${get}'`)).stdout
    const local = spawn(join(root, 'node_modules/.bin/ramet'), ['expose', 'local', id, String(port), '--remote-port', '80'], {
      env: { ...process.env, RAMET_HOME: server.home },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [local.stdout, local.stderr]) stream.on('data', (chunk) => (said += chunk))
    try {
      await until('it to lead here', () => said.includes(`leads to 127.0.0.1:${port}`), 30_000)
      assert.match(await inside(), /served here\n$/)
      const url = new URL(said.split('\n').find((line) => line.startsWith('http')) ?? '')
      const answer = () =>
        new Promise<string>((resolve, reject) => {
          const headers = { host: url.host, authorization: `Bearer ${token}` }
          httpRequest({ host: '127.0.0.1', port: new URL(server.endpoint).port, headers, agent: false }, async (reply) =>
            resolve((await reply.toArray()).join('')),
          )
            .on('error', reject)
            .end()
        })
      const token = await server.token()
      assert.equal(await answer(), 'served here\n')
      const ports = {
        RAMET_PORT: new URL(server.endpoint).port,
        RAMET_SSH_PORT: String((await (await server.client()).ssh.gateway()).port),
      }
      await server.restart(ports)
      await until('it to lead here again', async () => (await inside()).endsWith('served here\n'), 60_000, 500)
      const ended = once(local, 'close')
      local.kill('SIGINT')
      assert.deepEqual(await ended, [130, null], said)
      await until('the port of the machine to be closed', async () => (await inside()) === '', 20_000, 200)
      assert.equal(await server.ok('expose', 'list', id, '-q'), '')
    } finally {
      local.kill()
      here.close()
    }
  })

  test('an agent works in the machine by tools', async () => {
    await using agent = await connectAgent(server, { token: await server.token() })
    const at = { play_id: id, user: 'root' }
    const told: string[] = []
    const slow = await agent.call(
      'run_shell_command',
      { ...at, command: 'echo first; sleep 1; echo second >&2; exit 3' },
      (piece) => told.push(piece),
    )
    assert.deepEqual(slow, { exit_code: 3, stdout: 'first\n', stderr: 'second\n' })
    assert.equal(told[0], 'first\n')
    const late = await agent.call('run_shell_command', { ...at, command: 'echo begun; sleep 1000', timeout_seconds: 1 })
    assert.deepEqual(late, { exit_code: null, timed_out: true, stdout: 'begun\n', stderr: '' })
    await until('what was too late to be gone', async () => (await ssh('pgrep -f "sleep 100[0]"')).code === 1, 10_000)
    const path = '/root/agent/notes'
    await agent.call('write_file', { ...at, path, content: 'ü'.repeat(5), mode: '600' })
    assert.deepEqual(await agent.call('read_file', { ...at, path, max_bytes: 5 }), {
      text: 'üü',
      bytes: 4,
      more: true,
      next_offset: 4,
    })
    await assert.rejects(agent.call('read_file', { ...at, path: '/root/none' }), /file_refused.*No such file/)
  })

  test('a key that was taken away opens nothing more', async () => {
    await server.ok('ssh-key', 'remove', (await server.ok('ssh-key', 'list', '-q')).trim())
    assert.match((await ssh('true')).stderr, /Permission denied/)
    assert.match(await readFile(config, 'utf8'), /Host ramet-lab\.debian ramet-lab/)
  })
})

/** One that nobody listens on at the moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

import assert from 'node:assert/strict'
import { type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, copyFile, link, mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { testCache } from '../../testing/test-vm.ts'
import { hostTool } from './host-tools.ts'
import { type Jail, jailCommandLine } from './jail-command-line.ts'
import { isAlive, type ProcessId } from './process.ts'
import { endOf, readProcessEnd } from './process-end.ts'

const folder = await mkdtemp(join(tmpdir(), 'rt-jail-'))
const at = (name: string) => join(folder, name)
const uid = 1_900_000_001
const jailer = await hostTool(testCache, 'jail')
for (const name of ['root', 'own']) await mkdir(at(name), { mode: 0o711 })
after(() => rm(folder, { recursive: true }))

const begin = (argv: readonly [string, ...string[]], jail: Partial<Jail> = {}, options: SpawnOptions = {}) => {
  const system = ['/usr', '/lib', '/lib64']
  const [program, ...args] = jailCommandLine(jailer, { uid, root: at('root'), system, devices: ['null'], ...jail }, argv)
  return spawn(program, args, { env: { SECRET: 'of the server' }, stdio: ['ignore', 'pipe', 'pipe'], ...options })
}

async function inJail(script: string, jail: Partial<Jail> = {}, options: SpawnOptions = {}) {
  const child = begin(['dash', '-c', script], jail, options)
  const [out, errors, [code, signal]] = await Promise.all([
    child.stdout ? text(child.stdout) : '',
    child.stderr ? text(child.stderr) : '',
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ])
  return { out: out.trim(), errors, code, signal }
}

async function until(what: string, look: () => Promise<boolean>) {
  const deadline = Date.now() + 20_000
  while (!(await look())) {
    assert.ok(Date.now() < deadline, what)
    await delay(5)
  }
}

test('a program ends as it would without its jail', async () => {
  assert.deepEqual(await inJail('echo out; echo error >&2; exit 7'), { out: 'out', errors: 'error\n', code: 7, signal: null })
  for (const signal of ['SIGABRT', 'SIGTERM', 'SIGKILL'] as const)
    assert.equal((await inJail(`kill -${signal.slice(3)} $$`)).signal, signal)
  const missing = await inJail('exit 0', { system: [] })
  assert.deepEqual([missing.code, missing.errors], [1, 'jail: dash: No such file or directory\n'])
})

test('how a program ended is written by its keeper, for a server that was not there', async () => {
  const end = at('end.json')
  const endAfter = async (script: string) => {
    await inJail(script, { end })
    return readProcessEnd(end)
  }
  assert.deepEqual(await endAfter('exit 7'), { code: 7 })
  assert.deepEqual(await endAfter('kill -ABRT $$'), { signal: 6 })
  assert.deepEqual(await endAfter('kill -KILL $$'), { signal: 9 })
  assert.deepEqual([undefined, { code: 7 }, { signal: 6 }, { signal: 9 }, { signal: 15 }].map(endOf), [
    'killed',
    'crashed',
    'crashed',
    'killed',
    'killed',
  ])
  assert.equal(await readProcessEnd(at('no-such-file')), undefined)
})

test('a program in a folder that is closed to its user begins, and finds itself and nothing else there', async () => {
  await mkdir(at('closed'), { mode: 0o700 })
  await copyFile('/usr/bin/dash', at('closed/dash'))
  await writeFile(at('closed/other'), '')
  const child = begin([at('closed/dash'), '-c', `test -x ${at('closed/dash')} && test ! -e ${at('closed/other')} && exit 5`], {
    system: ['/usr', '/lib', '/lib64', at('closed')],
  })
  assert.deepEqual(await once(child, 'exit'), [5, null])
})

test('it begins with the descriptors and the environment that it is given, and no others', async () => {
  const secret = await open(at('secret'), 'w+')
  try {
    const listing = 'for n in 3 4 5 6 7 8 9; do (: >&$n) 2>/dev/null && echo $n; done; env'
    const stdio: SpawnOptions['stdio'] = ['ignore', 'pipe', 'pipe', secret.fd, secret.fd, secret.fd]
    const { out } = await inJail(listing, { keep: [4], environment: { PATH: '/usr/bin' } }, { stdio })
    assert.deepEqual(
      out.split('\n').filter((line) => !line.startsWith('PWD=')),
      ['4', 'PATH=/usr/bin'],
    )
  } finally {
    await secret.close()
  }
})

test('calls that lead to the kernel’s less trodden parts, to other processes and to leases on files are refused', async () => {
  const script = `
    sub try_it { my ($name, $number, @given) = @_; my $got = syscall($number, $given[0], $given[1] // 0, 0, 0); print "$name " . ($got < 0 ? $! + 0 : 'done') . "\\n" }
    try_it('unshare', 272, 0x10000000); try_it('setns', 308, 0); try_it('mount', 165, 0); try_it('ptrace', 101, 16, 1); try_it('keyctl', 250, 0, -3);
    try_it('io_uring_setup', 425, 8); try_it('bpf', 321, 0); try_it('userfaultfd', 323, 0); try_it('x32', 0x40000000 + 39); try_it('getpid', 39);
    open(my $file, '<', '${at('own/mine')}') or print "not there\\n"; print fcntl($file, 1024, 0) ? "lease done\\n" : 'lease ' . ($! + 0) . "\\n"; print fcntl($file, 3, 0) ? "flags\\n" : "no flags\\n";`
  await writeFile(at('own/mine'), 'mine')
  await chown(at('own/mine'), uid, uid)
  const child = begin(['perl', '-e', script], { folders: [{ here: at('own'), there: at('own') }] })
  const out = child.stdout ? await text(child.stdout) : ''
  const refused = ['unshare', 'setns', 'mount', 'ptrace', 'keyctl', 'io_uring_setup', 'bpf', 'userfaultfd', 'x32']
  assert.deepEqual(out.trim().split('\n'), [...refused.map((name) => `${name} 1`), 'getpid done', 'lease 1', 'flags'])
})

test('it makes no socket, of whatever kind, unless it is for that', async () => {
  const script = `for my $family (1, 2, 10, 16, 17, 38, 40) { print syscall(41, $family, 2, 0) < 0 ? $! + 0 : 'made', "\\n" }`
  const kinds = async (jail: Partial<Jail>) => {
    const child = begin(['perl', '-e', script], jail)
    return child.stdout ? (await text(child.stdout)).trim().split('\n') : []
  }
  assert.deepEqual(await kinds({}), Array(7).fill('1'))
  assert.deepEqual(await kinds({ sockets: 'unix' }), ['made', ...Array(6).fill('1')])
  assert.deepEqual((await kinds({ sockets: 'any' })).slice(0, 2), ['made', 'made'])
})

test('a file that root links into its folder while it runs is there, and names can be made by root alone', async () => {
  await writeFile(at('later'), 'later')
  await chmod(at('later'), 0o444)
  const script = `while ! test -e /given/later; do :; done; cat /given/later; for make in ': > /given/mine-too' 'ln /given/later /given/again' 'mv /given/later /given/x' 'rm /given/later'; do sh -c "$make" 2>/dev/null && echo "$make"; done; exit 0`
  const child = begin(['dash', '-c', script], {
    folders: [{ here: at('own'), there: '/given' }],
    record: { file: at('vm.json'), text: '"more":[1]' },
    environment: { PATH: '/usr/bin' },
  })
  await until('it is recorded', () =>
    stat(at('vm.json')).then(
      () => true,
      () => false,
    ),
  )
  await link(at('later'), at('own/later'))
  assert.equal(child.stdout ? await text(child.stdout) : '', 'later')
})

test('it is recorded before it begins, and it ends with its keeper and all that it started', async () => {
  await rm(at('vm.json'), { force: true })
  const child = begin(['dash', '-c', 'sleep 60 & echo $!; wait'], { record: { file: at('vm.json'), text: '"more":[1]' } })
  await once(child.stdout!, 'data')
  const record = JSON.parse(await readFile(at('vm.json'), 'utf8')) as ProcessId & { more: number[] }
  assert.deepEqual(record.more, [1])
  assert.equal(record.bootId, (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim())
  assert.equal(await isAlive(record), true)
  assert.notEqual(record.pid, child.pid)
  const command = await readFile(`/proc/${child.pid}/cmdline`, 'utf8')
  assert.equal(command.includes(folder), false, 'its keeper is not taken for it')
  for (const stream of [child.stdout, child.stderr]) stream?.resume()
  // Its output is closed by the last that had it.
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await until('it has ended', async () => !(await isAlive(record)))
  await closed
})

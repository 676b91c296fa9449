import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { ensureVmUser } from '../../disk/vm-user.ts'
import { testCache } from '../../testing/test-vm.ts'
import { consoleLogs, readMessages } from './console-log.ts'
import { hostTool } from './host-tools.ts'
import { newLogs, untilLogged } from './log-keeper.ts'

const root = await mkdtemp(join(tmpdir(), 'logs-'))
after(() => rm(root, { recursive: true }))

/** A program in the place of QEMU: 3 is its console. */
async function start(folder: string, script: string): Promise<{ child: ChildProcess; logged: Promise<void> }> {
  await using logs = await newLogs(folder, program)
  const [keeper, ...args] = logs.keptBy(['sh', '-c', script])
  const child = spawn(keeper, args, { stdio: ['ignore', ...logs.stdio] })
  return { child, logged: untilLogged(child) }
}
const program = await hostTool(testCache, 'keep-log')
const newFolder = () => mkdtemp(join(root, 'vm-'))
const newest = async (folder: string) => (await (await consoleLogs(folder)).at(-1)?.read()) ?? ''
const onDisk = async (folder: string) => {
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, each) => sum + each, 0)
}

test('what a guest prints and what QEMU says is kept in files of root’s', async () => {
  const folder = await newFolder()
  const { logged } = await start(folder, 'echo printed >&3; echo said; echo complained >&2')
  await logged
  assert.equal(await newest(folder), 'printed\n')
  assert.equal(await readMessages(folder), 'said\ncomplained')
  for (const name of await readdir(folder)) {
    const { uid, mode } = await stat(join(folder, name))
    assert.deepEqual([uid, mode & 0o777], [0, 0o600], name)
  }
})

test('a flood is bounded while it lasts, and its newest part is kept', async () => {
  const folder = await newFolder()
  const { child, logged } = await start(folder, 'seq 1 3000000 >&3; seq 1 300000 >&2; echo end >&3; exec sleep 60')
  const most = 4.3 * 1024 * 1024
  while (!(await newest(folder)).endsWith('end\n')) {
    assert.ok((await onDisk(folder)) < most, `${await onDisk(folder)} bytes`)
    await delay(5)
  }
  const lines = (await newest(folder)).split('\n')
  assert.deepEqual(lines.slice(-4), ['2999999', '3000000', 'end', ''])
  assert.ok(lines.length > 250_000, `${lines.length} lines are kept`)
  // None is missing in between, wherever one file ended and the other began.
  assert.ok(lines.slice(1, -3).every((line, index) => Number(line) + 1 === Number(lines[index + 2])))
  assert.match(await readMessages(folder), /300000$/)
  child.kill('SIGKILL')
  await logged
})

test('the keeper is a user of its own, has the logs alone, and goes on when the server is gone', async () => {
  const folder = await newFolder()
  // The one that starts it ends at once, as a server does that is killed.
  const script = `import(${JSON.stringify(import.meta.resolve('./log-keeper.ts'))}).then(async ({ newLogs }) => {
    const logs = await newLogs(${JSON.stringify(folder)}, ${JSON.stringify(program)})
    const [program, ...args] = logs.keptBy(['sh', '-c', 'echo $$; while [ ! -e go ]; do sleep 0.02; done; echo later >&3'])
    const { spawn } = await import('node:child_process')
    spawn(program, args, { stdio: ['ignore', ...logs.stdio], detached: true, cwd: ${JSON.stringify(folder)} }).unref()
    process.kill(process.pid, 'SIGKILL')
  })`
  const server = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '-e', script], { stdio: 'inherit' })
  await new Promise((resolve) => server.on('exit', resolve))
  const { uid } = await ensureVmUser('ramet-logs')
  const keeper = await keeperOf(folder)
  const status = await readFile(`/proc/${keeper}/status`, 'utf8')
  assert.match(status, new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, 'm'))
  assert.match(status, /^CapEff:\t0+$/m)
  assert.match(status, /^Groups:\t *$/m)
  assert.match(status, /^NoNewPrivs:\t1$/m)
  // Two pipes, four files, and the life line.
  assert.equal((await readdir(`/proc/${keeper}/fd`)).length, 7)
  await writeFile(join(folder, 'go'), '')
  while (!(await newest(folder)).includes('later')) await delay(10)
  while (await stat(`/proc/${keeper}`).catch(() => undefined)) await delay(10)
})

/** The process that has the folder's console log open. */
async function keeperOf(folder: string): Promise<string> {
  const { ino } = await stat(join(folder, 'console-1.log'))
  for (;;) {
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      if ((await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')) !== 'keep-log\n') continue
      if ((await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes('sleep')) continue
      const open = await readdir(`/proc/${pid}/fd`).catch(() => [])
      const inodes = await Promise.all(
        open.map((fd) =>
          stat(`/proc/${pid}/fd/${fd}`).then(
            (found) => found.ino,
            () => 0,
          ),
        ),
      )
      if (inodes.includes(ino)) return pid
    }
    await delay(10)
  }
}

test('ten starts are kept, and what somebody else puts under a log’s name is neither shown nor changed', async () => {
  const folder = await newFolder()
  const secret = join(root, 'secret')
  await writeFile(secret, 'canary', { mode: 0o600 })
  for (let number = 1; number <= 12; number++) await (await start(folder, `echo ${number} >&3`)).logged
  assert.deepEqual(
    (await consoleLogs(folder)).map(({ name }) => name),
    [3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((number) => `${number}.1`),
  )
  assert.equal(await (await consoleLogs(folder, '7.1'))[0]?.read(), '7\n')
  const { uid, gid } = await ensureVmUser()
  await rm(join(folder, 'console-11.log'))
  await symlink(secret, join(folder, 'console-11.log'))
  await symlink(secret, join(folder, 'console-13.log'))
  await writeFile(join(folder, 'console-14.log'), 'the VM’s own')
  await import('node:fs/promises').then(({ chown }) => chown(join(folder, 'console-14.log'), uid, gid))
  for (const { read } of await consoleLogs(folder)) assert.doesNotMatch(await read(), /canary|own/)
  await rm(join(folder, 'qemu.log'))
  await symlink(secret, join(folder, 'qemu.log'))
  await chmod(folder, 0o777)
  await (await start(folder, 'echo said')).logged
  assert.equal(await readMessages(folder), 'said')
  assert.equal(await readFile(secret, 'utf8'), 'canary')
})

test('a program that cannot be started says so in the log', async () => {
  const folder = await newFolder()
  await using logs = await newLogs(folder, program)
  const [keeper, ...args] = logs.keptBy(['/no/such/program'])
  const child = spawn(keeper, args, { stdio: ['ignore', ...logs.stdio] })
  await untilLogged(child)
  assert.match(await readMessages(folder), /no\/such\/program: No such file or directory/)
})

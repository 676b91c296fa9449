import { spawn } from 'node:child_process'
import { chmod, mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { missingProgram } from '@ramet/model/errors/errors.ts'
import { writeFileForThisBoot } from '../../disk/files.ts'
import { takeFolder } from '../../disk/take-folder.ts'
import { findProgram } from '../../process/find-program.ts'
import { jailCommandLine } from '../../vmm/qemu/jail-command-line.ts'
import { argvOf, gone, isAlive, type ProcessId } from '../../vmm/qemu/process.ts'
import { dnsmasqCommandLine, hostsFileOf, pidFileOf } from './dnsmasq-command-line.ts'
import { hostsText, type NameView, planNames } from './name-plan.ts'
import type { Resolvers, RunNames } from './resolvers.ts'

const endWithinMs = 10_000
const startWithinMs = 20_000

/**
 * One dnsmasq a view, in a jail in the run's network namespace, as the run's user: it sees the one file that it reads. A process is the right one when its whole argv
 * is: so a change of nameservers shows. `jailer`: path of `vmm/qemu/native/jail`, compiled.
 */
export const dnsmasqResolvers = (jailer: () => Promise<string>): Resolvers => ({
  async ready(names) {
    const wanted = commandLines(names)
    const found = await Promise.all(wanted.map(({ pidFile, argv }) => isRunning(pidFile, argv)))
    return found.every(Boolean)
  },

  async start(names) {
    await mkdir(names.folder, { recursive: true })
    await takeFolder(names.folder)
    await chmod(names.folder, 0o700)
    const wanted = commandLines(names)
    const isWrong = await Promise.all(wanted.map(async ({ pidFile, argv }) => !(await isRunning(pidFile, argv))))
    // All of them, since what is left may hold a port that another now needs.
    if (isWrong.some(Boolean)) await this.end(names.folder)
    const starts = (isWrong.some(Boolean) ? wanted : []).map(async ({ view, argv }) => {
      await writeFileForThisBoot(hostsFileOf(names.folder, view), hostsText(view.hosts))
      await startOne(argv, names, view, await jailer())
    })
    const failed = (await Promise.allSettled(starts)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
    // dnsmasq starts even when it cannot read in its folder.
    if (!(await this.ready(names))) throw new Error(`the resolvers of ${names.folder} did not start`)
  },

  async end(folder) {
    const files = await filesIn(folder)
    if (files.length === 0) return
    const records = await recordsOf(folder, files)
    if (records === undefined) await endFound(folder)
    else await endRecorded(records)
    for (const name of files) await rm(join(folder, name), { recursive: true, force: true })
  },

  async exists(folder) {
    return (await filesIn(folder)).length > 0
  },

  async list(runsFolder) {
    const folders = new Set<string>()
    await pidsOf((argv) => {
      const folder = argv[0] === 'dnsmasq' ? folderOf(argv) : undefined
      if (folder?.startsWith(`${runsFolder}/`)) folders.add(folder)
      return false
    })
    return [...folders]
  },
})

function commandLines({ folder, network, nameservers }: RunNames) {
  return planNames(network).views.map((view) => ({
    view,
    pidFile: pidFileOf(folder, view),
    argv: dnsmasqCommandLine(folder, view, nameservers),
  }))
}

/** Resolves when it answers, or throws what it says when it cannot. Its pid is written then: a resolver without one is ended and started again. */
async function startOne(
  argv: readonly [string, ...string[]],
  { folder, network, groups, uid }: RunNames,
  view: NameView,
  jailer: string,
) {
  if ((await findProgram('dnsmasq')) === undefined) throw missingProgram('dnsmasq', 'dnsmasq-base')
  const at = (name: string) => join(folder, `${view.port}.${name}`)
  await mkdir(at('root'))
  const [first, ...rest] = jailCommandLine(
    jailer,
    {
      uid,
      root: at('root'),
      groups,
      networkNamespace: network.name,
      record: { file: at('json'), text: '"view":true' },
      system: ['/usr', '/lib', '/lib64'],
      read: [hostsFileOf(folder, view)],
      devices: ['null', 'urandom'],
      sockets: 'any',
    },
    argv,
  )
  const log = await open(at('log'), 'w', 0o600)
  const child = spawn(first, rest, { detached: true, stdio: ['ignore', 'ignore', log.fd], cwd: '/', env: {} })
  child.unref()
  let why: string | undefined
  child.on('error', (error) => (why = error.message))
  child.on('exit', (code, signal) => (why = `it ended with ${code ?? signal}`))
  await log.close()
  const deadline = Date.now() + startWithinMs
  for (;;) {
    const pid = (await readRecord(at('json')))?.pid
    if (pid !== undefined && (await listens(pid, view.port))) return writeFileForThisBoot(pidFileOf(folder, view), String(pid))
    if (why !== undefined || Date.now() > deadline)
      throw new Error(`dnsmasq on ${view.port}: ${why ?? 'it does not listen'}: ${await readFile(at('log'), 'utf8')}`)
    await delay(5)
  }
}

/** Files of a run's names are there before its processes are, and go after them. */
const filesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])

/**
 * Processes of a run's names, by the records of their jails; undefined when one may be without: a jail that has only begun, or a resolver of an older version. To look through
 * all processes of the host instead is 50 ms of CPU.
 */
async function recordsOf(folder: string, files: readonly string[]): Promise<ProcessId[] | undefined> {
  const ports = new Set(files.map((file) => file.split('.')[0] ?? ''))
  const records = await Promise.all([...ports].map((port) => readRecord(join(folder, `${port}.json`))))
  return records.every((record) => record !== undefined) ? records : undefined
}

async function readRecord(file: string): Promise<ProcessId | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as ProcessId)
}

/** Each leads a process group (setsid in `jail.c`): a child that it forked for a TCP connection has the sockets too, and ends with it. */
async function endRecorded(records: readonly ProcessId[]): Promise<void> {
  await Promise.all(
    records.map(async (record) => {
      if (await isAlive(record)) killOne(-record.pid)
      if (!(await gone(record, endWithinMs))) throw new Error(`resolver ${record.pid} does not end`)
    }),
  )
}

async function endFound(folder: string): Promise<void> {
  const deadline = Date.now() + endWithinMs
  for (;;) {
    const pids = await pidsOf((argv) => belongsTo(argv, folder))
    if (pids.length === 0) return
    // Again each time: one that was about to fork for a TCP connection leaves a child.
    for (const pid of pids) killOne(pid)
    if (Date.now() > deadline) throw new Error(`resolvers do not end: ${pids.join(' ')}`)
    await delay(20)
  }
}

/** The sockets of the process's network namespace, by local port (proc(5), /proc/net/udp). */
async function listens(pid: number, port: number): Promise<boolean> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} `
  return (await readFile(`/proc/${pid}/net/udp`, 'utf8').catch(() => '')).includes(local)
}

async function isRunning(pidFile: string, argv: readonly string[]): Promise<boolean> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''))
  // The pid may be another process's by now, and the file is written with few rights: only the argv tells.
  return Number.isInteger(pid) && pid > 0 && (await argvOf(pid)).join('\0') === [...argv, ''].join('\0')
}

const pidOption = '--pid-file='
const folderOf = (argv: readonly string[]): string | undefined => {
  const file = argv.find((word) => word.startsWith(pidOption))?.slice(pidOption.length)
  return file === undefined || file === '' ? undefined : join(file, '..')
}
/** Also those that are only about to become one. */
const belongsTo = (argv: readonly string[], folder: string) => argv.includes('dnsmasq') && folderOf(argv) === folder

async function pidsOf(matches: (argv: readonly string[]) => boolean): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number)
  const found = await Promise.all(pids.map(async (pid) => matches(await argvOf(pid))))
  return pids.filter((_, at) => found[at])
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

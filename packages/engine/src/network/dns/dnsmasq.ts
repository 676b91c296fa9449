import { chmod, chown, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { missingProgram } from '@ramet/model/errors/errors.ts'
import { enterGroups } from '../../cgroup/enter-groups.ts'
import { writeFileForThisBoot } from '../../disk/files.ts'
import { ensureVmUser } from '../../disk/vm-user.ts'
import { ProcessFailed, run } from '../../process/run-process.ts'
import { argvOf } from '../../vmm/qemu/process.ts'
import { dnsmasqCommandLine, hostsFileOf, pidFileOf } from './dnsmasq-command-line.ts'
import { hostsText, planNames } from './name-plan.ts'
import type { Resolvers, RunNames } from './resolvers.ts'

/** Not the VMs' user: guests' questions are read by a process that could do nothing with their drives. */
const user = 'ramet-names'
const endWithinMs = 10_000

/** One dnsmasq a view, as an unprivileged process in the run's namespace. A process is the right one when its whole argv is: so a change of nameservers shows. */
export const dnsmasqResolvers: Resolvers = {
  async ready(names) {
    const wanted = commandLines(names)
    const found = await Promise.all(wanted.map(({ pidFile, argv }) => isRunning(pidFile, argv)))
    return found.every(Boolean)
  },

  async start(names) {
    const { uid, gid } = await ensureVmUser(user)
    await mkdir(names.folder, { recursive: true })
    await chown(names.folder, uid, gid)
    await chmod(names.folder, 0o755)
    const wanted = commandLines(names)
    const isWrong = await Promise.all(wanted.map(async ({ pidFile, argv }) => !(await isRunning(pidFile, argv))))
    // All of them, since what is left may hold a port that another now needs.
    if (isWrong.some(Boolean)) await this.end(names.folder)
    for (const { view, argv } of isWrong.some(Boolean) ? wanted : []) {
      await writeFileForThisBoot(hostsFileOf(names.folder, view), hostsText(view.hosts))
      await startOne(argv, names, { uid, gid })
    }
    // dnsmasq starts even when it cannot write or read in its folder.
    if (!(await this.ready(names))) throw new Error(`the resolvers of ${names.folder} did not start`)
  },

  async end(folder) {
    const deadline = Date.now() + endWithinMs
    for (;;) {
      const pids = await pidsOf((argv) => belongsTo(argv, folder))
      if (pids.length === 0) break
      // Again each time: one that was about to fork for a TCP connection leaves a child.
      for (const pid of pids) killOne(pid)
      if (Date.now() > deadline) throw new Error(`resolvers do not end: ${pids.join(' ')}`)
      await delay(20)
    }
    for (const name of await readdir(folder).catch((): string[] => [])) await rm(join(folder, name), { force: true })
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
}

function commandLines({ folder, network, nameservers }: RunNames) {
  return planNames(network).views.map((view) => ({
    view,
    pidFile: pidFileOf(folder, view),
    argv: dnsmasqCommandLine(folder, view, nameservers),
  }))
}

/** dnsmasq's first process ends with 0 once the other has its sockets, and says why when it cannot have them. */
async function startOne(argv: readonly string[], { network, groups }: RunNames, { uid, gid }: { uid: number; gid: number }) {
  const namespace = ['nsenter', `--net=/run/netns/${network.name}`, '--']
  const rights = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all']
  try {
    await run(enterGroups(groups, [...namespace, ...rights, '--no-new-privs', '--', ...argv]), { timeoutMs: 20_000 })
  } catch (error) {
    if (error instanceof ProcessFailed && /dnsmasq.*No such file/.test(error.stderr))
      throw missingProgram('dnsmasq', 'dnsmasq-base')
    throw error
  }
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

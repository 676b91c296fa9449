import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { memoryFolderOf, rootVariable } from './test-folders.ts'

const mostRounds = 10

/**
 * Ends and removes what the tests of one root have left on this host: processes, mounts, and objects that carry the id of an installation whose home is
 * below the root. Says what it found, one line a thing; folders are not counted. Throws when something cannot be ended.
 */
export async function reap(root: string): Promise<string[]> {
  // The root last: the next runner finds by it what this one could not remove.
  const folders = [memoryFolderOf(root), root]
  const found = new Set<string>()
  for (let round = 1; ; round++) {
    const before = found.size
    for (const process of await endProcesses(folders)) found.add(process)
    for (const id of new Set(folders.flatMap(installationsBelow))) for (const thing of removeHostObjects(id)) found.add(thing)
    for (const mount of unmountBelow(folders)) found.add(mount)
    // A process that was begun while the others were ended is found in the next round.
    if (round > 1 && found.size === before) break
    if (round === mostRounds) throw new Error(`${root} comes to no rest: ${[...found].slice(before).join(', ')}`)
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  return [...found]
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Processes with the root in their environment, or a path below it in their command line: QEMU is given an environment of its own. */
export function processesOf(folders: readonly string[]): { pid: number; commandLine: string }[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .map((entry) => ({
      pid: Number(entry),
      commandLine: textOf(`/proc/${entry}/cmdline`).replaceAll('\0', ' '),
      environment: textOf(`/proc/${entry}/environ`),
    }))
    .filter(({ commandLine, environment }) =>
      folders.some((folder) => environment.includes(`${rootVariable}=${folder}`) || commandLine.includes(`${folder}/`)),
    )
}

async function endProcesses(folders: readonly string[]): Promise<string[]> {
  const found = new Map<number, string>()
  const deadline = Date.now() + 30_000
  for (;;) {
    const left = processesOf(folders)
    if (left.length === 0) return [...found.values()]
    if (Date.now() > deadline) throw new Error(`these do not end: ${left.map(({ pid }) => pid).join(' ')}`)
    for (const { pid, commandLine } of left) {
      found.set(pid, `process ${pid}: ${commandLine.slice(0, 150)}`)
      try {
        process.kill(pid, 'SIGKILL')
      } catch {}
    }
    await delay(50)
  }
}

/** Ids that name an installation's objects on the host: from the stores of homes that are still there, and from what servers of tests noted. */
function installationsBelow(folder: string): string[] {
  const noted = textOf(`${folder}/installations`).split('\n')
  const stored = globSync(`${folder}/**/ramet.sqlite`).map((file) => {
    try {
      const db = new DatabaseSync(file)
      const id = db.prepare('select id from installation').get()?.id
      db.close()
      return String(id)
    } catch {
      return ''
    }
  })
  return [...noted, ...stored].filter((id) => /^[0-9a-f]{4}$/.test(id))
}

const lines = (...[program = '', ...args]: string[]) =>
  (spawnSync(program, args, { encoding: 'utf8' }).stdout ?? '').split('\n').map((line) => line.trim())

/** Namespaces, links, tables, control groups and leases of `r<id>-…`, and those that tests make beside them, `rmt<id>…`. */
function removeHostObjects(id: string): string[] {
  const isOurs = (name: string | undefined): name is string =>
    name !== undefined && (name.startsWith(`r${id}-`) || name.startsWith(`rmt${id}`))
  const found: string[] = []
  const remove = (kind: string, name: string, ...command: string[]) => {
    found.push(`${kind} ${name}`)
    spawnSync(command[0] ?? '', command.slice(1))
  }
  for (const name of lines('ip', 'netns', 'list').map((line) => line.split(' ')[0]))
    if (isOurs(name)) remove('namespace', name, 'ip', 'netns', 'delete', name)
  for (const name of lines('ip', '-o', 'link').map((line) => /^\d+: ([^:@]+)/.exec(line)?.[1]))
    if (isOurs(name)) remove('link', name, 'ip', 'link', 'delete', name)
  for (const [, family = '', name = ''] of lines('nft', 'list', 'tables').map((line) => line.split(' ')))
    if (isOurs(name.replace('_', '-'))) remove('table', name, 'nft', 'delete', 'table', family, name)
  for (const folder of globSync(`/sys/fs/cgroup/{,*/}r{${id}-,mt${id}}*`)) {
    found.push(`control group ${folder}`)
    for (const pid of textOf(`${folder}/cgroup.procs`).split('\n').filter(Boolean)) spawnSync('kill', ['-KILL', pid])
    try {
      rmdirSync(folder)
    } catch {}
  }
  for (const file of globSync('/run/ramet/leases/*')) {
    if (!textOf(file).startsWith(`${id} `)) continue
    found.push(`lease ${file}`)
    rmSync(file, { force: true })
  }
  return found
}

function unmountBelow(folders: readonly string[]): string[] {
  const mounted = textOf('/proc/self/mounts')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => folders.some((folder) => path.startsWith(`${folder}/`)))
  // The innermost first.
  for (const path of mounted.toReversed()) spawnSync('umount', ['-l', path])
  return mounted.map((path) => `mount ${path}`)
}

/** Roots whose runner is gone: it was killed, or the host lost power. */
export function abandonedRoots(): string[] {
  return globSync('/var/tmp/rt-*/owner')
    .filter((file) => !isAlive(textOf(file).trim()))
    .map((file) => file.slice(0, -'/owner'.length))
}

const isAlive = (owner: string) => {
  const [pid = '', startTime] = owner.split(' ')
  return existsSync(`/proc/${pid}`) && startTimeOf(pid) === startTime
}

/** A process by more than its number, which is used again (proc_pid_stat(5), field 22). */
export const startTimeOf = (pid: string | number) =>
  textOf(`/proc/${pid}/stat`)
    .replace(/^.*\) /, '')
    .split(' ')[19]

import type { ChildProcess } from 'node:child_process'
import type { FileHandle } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { HeldFolder } from '../../disk/held-folder.ts'
import { ensureVmUser, type VmUser } from '../../disk/vm-user.ts'
import { messageLog, nextConsoleLog } from './console-log.ts'
import { makeRing, type RingLog } from './ring-log.ts'

/** Neither the VMs' user, who could then change the logs, nor root. */
const user = 'ramet-logs'

let found: Promise<VmUser> | undefined

/** Looked up once: each time is a process more, and ten clones of two machines start twenty VMs at once. */
function logUser(): Promise<VmUser> {
  found ??= ensureVmUser(user).catch((error) => {
    found = undefined
    throw error
  })
  return found
}

/** New logs for a VM that is about to start. */
export interface NewLogs extends AsyncDisposable {
  /** Descriptors from 1 on for `spawn` of what `keptBy` returns; 0 is the caller's, and those after them. */
  readonly stdio: readonly (number | 'pipe')[]
  /**
   * Returns an argv that becomes `argv`, with its output, and that of its guest's console, kept by a process that outlives the server (`native/keep-log.c`).
   * Its descriptor 3 is then the one for the console.
   */
  keptBy(argv: readonly string[]): [string, ...string[]]
}

/** Makes the log files of the next start in a VM's folder. `program`: path of `native/keep-log.c`, compiled. `groups`: control groups of the VM. */
export async function newLogs(path: string, program: string, groups: readonly string[] = []): Promise<NewLogs> {
  const { uid, gid } = await logUser()
  await using folder = await HeldFolder.open(path)
  const console = await nextConsoleLog(folder)
  const files = await makeBoth(folder, console)
  const words = [program, uid, gid, console.mostBytes, messageLog.mostBytes].map(String)
  const [console0, console1, messages0, messages1] = files.map(({ fd }) => fd)
  return {
    // What fails before the keeper is there speaks into the log itself.
    stdio: [messages0, messages0, console0, console1, messages0, messages1, 'pipe'] as NewLogs['stdio'],
    keptBy: (argv) => [...words, ...groups, '--', ...argv] as [string, ...string[]],
    async [Symbol.asyncDispose]() {
      await Promise.all(files.map((file) => file.close()))
    },
  }
}

async function makeBoth(folder: HeldFolder, console: RingLog): Promise<FileHandle[]> {
  const files: FileHandle[] = await makeRing(folder, console)
  try {
    files.push(...(await makeRing(folder, messageLog)))
    return files
  } catch (error) {
    for (const file of files) await file.close()
    throw error
  }
}

const lifeLine = 7
const loggedWithinMs = 2_000

/** Resolves when all that the program said is written, after its end; late for a keeper that hangs. Until then it costs one descriptor. */
export function untilLogged(child: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const line = child.stdio.at(lifeLine) as Socket | undefined
  line?.on('error', () => {})
  line?.on('close', () => resolve())
  line?.resume()
  line?.unref()
  child.on('exit', () => setTimeout(resolve, loggedWithinMs).unref())
  child.on('error', () => resolve())
  return promise
}

import type { FileHandle } from 'node:fs/promises'
import { type RunOptions, type RunResult, run } from '../process/run-process.ts'
import { ensureVmUser } from './vm-user.ts'

/** Owns nothing, but for a file that is being merged. */
const user = 'ramet-disks'
/** A check of a full drive of 20 GB takes 30 MB. Of a damaged or hostile header it is whatever that says. */
const mostMemoryBytes = 2 * 1024 ** 3

export interface Rights {
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
}

/**
 * Of a box that reads these files: their owner's, if that is a VM's user, who can do no more than before; for root's files those of a user that has only their groups.
 * One that is closed to it is opened to all: only root passes the folders above.
 */
export async function rightsToRead(files: readonly FileHandle[]): Promise<Rights> {
  const { uid, gid } = await ensureVmUser(user)
  const found = await Promise.all(files.map((file) => file.stat()))
  const owner = found.find((each) => each.uid !== 0)
  if (owner) return { uid: owner.uid, gid: owner.gid, groups: [] }
  const groups = new Set<number>()
  for (const [index, { mode, gid: group }] of found.entries()) {
    if ((mode & 0o004) !== 0) continue
    if (group !== 0 && (mode & 0o040) !== 0) groups.add(group)
    else await files[index]?.chmod((mode & 0o777) | 0o004)
  }
  return { uid, gid, groups: [...groups] }
}

/**
 * Runs qemu-img on files that a guest may have written. It has no rights but these, no network, bounded memory, and no way to the files but their descriptors: the first is
 * `driveInBox(0)`. Whatever name a header holds is opened, if at all, by a user that owns nothing.
 */
export async function boxedQemuImg(
  args: readonly string[],
  files: readonly FileHandle[],
  { uid, gid, groups }: Rights,
  options: RunOptions = {},
): Promise<RunResult> {
  const alsoIn = groups.length > 0 ? `--groups=${groups.join(',')}` : '--clear-groups'
  const rights = [`--reuid=${uid}`, `--regid=${gid}`, alsoIn, '--inh-caps=-all', '--bounding-set=-all']
  return run(
    [
      ...(['unshare', '--net', '--ipc', '--uts', '--'] as const),
      ...['setpriv', ...rights, '--no-new-privs', '--pdeathsig', 'KILL', '--'],
      ...['prlimit', `--as=${mostMemoryBytes}`, '--core=0', '--nofile=4096', '--'],
      ...['qemu-img', ...args],
    ],
    { ...options, cwd: '/', files },
  )
}

/** Path of the file with that index. The kernel opens the file itself again by it, with the rights of who asks (proc(5)). */
export const driveInBox = (index: number) => `/proc/self/fd/${3 + index}`

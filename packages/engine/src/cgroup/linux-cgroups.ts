import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { checkName } from '../network/plan.ts'
import type { Cgroups } from './cgroups.ts'
import { type Hierarchy, settings } from './hierarchies.ts'

const endWithinMs = 30_000

/**
 * Makes one group for each run directly below each root, as container engines do: systemd would kill it with the server if it were below the server's own group.
 * `hierarchies` come from `findHierarchies`.
 */
export function linuxCgroups(hierarchies: readonly Hierarchy[]): Cgroups {
  const folders = (name: string) => hierarchies.map(({ root }) => join(root, name))
  return {
    async ready(limits) {
      const files = hierarchies.flatMap((each) =>
        settings(each, limits).map(([file, value]) => ({ path: join(each.root, limits.name, file), value })),
      )
      const stand = await Promise.all(
        files.map(async ({ path, value }) => (await readFile(path, 'utf8').catch(() => '')).trim() === value),
      )
      return stand.every(Boolean)
    },

    async make(limits) {
      checkName(limits.name)
      for (const each of hierarchies) {
        const folder = join(each.root, limits.name)
        await mkdir(folder, { recursive: true })
        for (const [file, value] of settings(each, limits)) await writeFile(join(folder, file), value)
      }
    },

    async remove(name) {
      checkName(name)
      for (const folder of folders(name)) await removeGroup(folder)
    },

    async list(installation) {
      const mine = new RegExp(`^r${installation}-[0-9a-z]{1,7}$`)
      const names = await Promise.all(hierarchies.map(({ root }) => readdir(root)))
      return [...new Set(names.flat().filter((name) => mine.test(name)))].sort()
    },

    groups: folders,
  }
}

/** Kills the group's processes, which are all ours, and removes the group. A group with processes in it cannot be removed. */
async function removeGroup(folder: string): Promise<void> {
  const deadline = Date.now() + endWithinMs
  for (;;) {
    for (const pid of (await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '')).split('\n').filter(Boolean))
      kill(Number(pid))
    try {
      return await rmdir(folder)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return
      if (code !== 'EBUSY' || Date.now() > deadline) throw error
    }
    await delay(20)
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

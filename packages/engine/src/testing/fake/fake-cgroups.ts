import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cgroups } from '../../cgroup/cgroups.ts'
import { writeFileAtomically } from '../../disk/files.ts'

/** Cgroups that are files below `folder` and bound nothing, so that what leaks can be counted. */
export function fakeCgroups(folder: string): Cgroups {
  const made = join(folder, 'cgroups')
  return {
    async ready(limits) {
      return (await readFile(join(made, limits.name), 'utf8').catch(() => '')) === JSON.stringify(limits)
    },
    async make(limits) {
      await mkdir(made, { recursive: true })
      await writeFileAtomically(join(made, limits.name), JSON.stringify(limits))
    },
    async remove(name) {
      await rm(join(made, name), { force: true })
    },
    async list(installation) {
      return (await readdir(made).catch((): string[] => [])).filter((name) => name.startsWith(`r${installation}-`))
    },
    groups: () => [],
  }
}

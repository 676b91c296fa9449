import { access, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunLimits } from './cgroups.ts'

export const controllers = ['memory', 'cpu', 'pids'] as const
export type Controller = (typeof controllers)[number]

/** One tree of control groups, and which of our controllers it has. */
export interface Hierarchy {
  readonly version: 'v1' | 'v2'
  /** Where it is mounted. */
  readonly root: string
  readonly controllers: readonly Controller[]
}

/** Finds the host's hierarchies. v2 wins for controllers that it has; on hybrid hosts it has none, and each v1 tree has one or a few. */
export async function findHierarchies(): Promise<Hierarchy[]> {
  const found = parseMounts(await readFile('/proc/self/mounts', 'utf8'))
  const usable = await Promise.all(found.map(async (each) => ({ ...each, controllers: await enabled(each) })))
  const taken = new Set<Controller>()
  return usable.flatMap((each) => {
    const own = each.controllers.filter((controller) => !taken.has(controller))
    for (const controller of own) taken.add(controller)
    return own.length === 0 ? [] : [{ ...each, controllers: own }]
  })
}

/** v2 first. Pure. */
export function parseMounts(mounts: string): Hierarchy[] {
  const found = mounts.split('\n').flatMap((line): Hierarchy[] => {
    const [, root = '', type, options = ''] = line.split(' ')
    if (type === 'cgroup2') return [{ version: 'v2', root, controllers }]
    if (type !== 'cgroup') return []
    return [{ version: 'v1', root, controllers: controllers.filter((controller) => options.split(',').includes(controller)) }]
  })
  return found.toSorted((a, b) => b.version.localeCompare(a.version))
}

/** Returns which wanted controllers a hierarchy has for child groups. v2 controllers are enabled in its root first; systemd does so for most. Where that is refused (in a container's own tree, say) we do without. */
async function enabled({ version, root, controllers: wanted }: Hierarchy): Promise<readonly Controller[]> {
  if (version === 'v1') return wanted
  const offered = (await readFile(join(root, 'cgroup.controllers'), 'utf8').catch(() => '')).trim().split(' ')
  const control = join(root, 'cgroup.subtree_control')
  for (const controller of wanted.filter((each) => offered.includes(each)))
    await writeFile(control, `+${controller}`).catch(() => {})
  const handedDown = (await readFile(control, 'utf8').catch(() => '')).trim().split(' ')
  const canMake = await access(root, 2).then(
    () => true,
    () => false,
  )
  return canMake ? wanted.filter((each) => handedDown.includes(each)) : []
}

const periodUs = 100_000

/** Returns what is written into a group's files; pure. Values look as the kernel reads them back: memory in whole pages. */
export function settings({ version, controllers: own }: Hierarchy, limits: RunLimits): [file: string, value: string][] {
  const quota = String((limits.cpuPercent * periodUs) / 100)
  const all: Record<Controller, [string, string][]> =
    version === 'v2'
      ? {
          memory: [['memory.max', String(limits.memoryBytes)]],
          cpu: [
            ['cpu.weight', String(Math.min(limits.cpuWeight, 10_000))],
            ['cpu.max', `${quota} ${periodUs}`],
          ],
          pids: [['pids.max', String(limits.tasks)]],
        }
      : {
          memory: [['memory.limit_in_bytes', String(limits.memoryBytes)]],
          cpu: [
            // 1024 in v1 is 100 in v2 (Documentation/admin-guide/cgroup-v2.rst, "CPU Interface Files").
            ['cpu.shares', String(Math.floor((limits.cpuWeight * 1024) / 100))],
            ['cpu.cfs_period_us', String(periodUs)],
            ['cpu.cfs_quota_us', quota],
          ],
          pids: [['pids.max', String(limits.tasks)]],
        }
  return own.flatMap((controller) => all[controller])
}

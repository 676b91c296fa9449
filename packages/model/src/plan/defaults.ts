import type { ManifestDrive, ManifestInitTask, ManifestSpec } from '../manifest/manifest.ts'
import { parseBytes } from '../units/bytes.ts'
import { resolveAddresses } from './addresses.ts'
import { type Conditions, tasksThatApply } from './init-conditions.ts'
import { resolveTabs } from './tabs.ts'
import { taskKind } from './task-kind.ts'

/** What holds where a manifest says nothing. */
export const defaults = {
  cpuCount: 1,
  ramSize: '512MiB',
  driveSize: '20GiB',
  filesystem: 'ext4',
  kernel: '6.1',
  user: 'root',
  owner: '0:0',
  mode: '644',
  taskSeconds: 60,
} as const

/** What a plan is made from: secrets have no place in it. */
export type Plannable = Omit<ManifestSpec, 'registryAuth'>

/** A `kernel` that is no version: the machine boots what its root drive has in /boot, as its boot loader is configured. */
export const ownKernel = 'own'

export type ResolvedSpec = ReturnType<typeof resolveSpec>
export type ResolvedSpecMachine = ResolvedSpec['machines'][number]

/**
 * A spec with every default filled in: what a run's plan is made from. Machines keep their order and drives theirs (vda, vdb…).
 * `conditions`: values of its init conditions; tasks that do not go with them are left out. Expects a spec without faults; sizes are in bytes, RAM in whole MiB.
 */
export function resolveSpec(spec: Plannable, conditions: Conditions = {}) {
  const { networks, machines: addressed } = resolveAddresses(spec)
  const machines = spec.machines.map((machine, index) => ({
    name: machine.name,
    users: usersOf(machine.users),
    cpuCount: machine.resources?.cpuCount ?? defaults.cpuCount,
    ramMiB: Math.floor(sizeOf(machine.resources?.ramSize ?? defaults.ramSize) / 1024 ** 2),
    noSSH: machine.noSSH ?? false,
    ...(machine.kernel === ownKernel ? ({ kernel: ownKernel } as const) : {}),
    drives: rootFirst(machine.drives).map((drive) => ({
      ...(drive.source === undefined ? {} : { source: drive.source }),
      ...(drive.mount === undefined ? {} : { mount: drive.mount }),
      // A drive with a mount point needs a filesystem; one without either is handed over raw. Images have their own.
      ...(drive.filesystem === undefined && drive.mount === undefined
        ? {}
        : { filesystem: (drive.source === undefined ? drive.filesystem : undefined) ?? defaults.filesystem }),
      sizeBytes: sizeOf(drive.size ?? defaults.driveSize),
      readOnly: drive.readOnly ?? false,
      ...(drive.partitioned === undefined ? {} : { partitioned: drive.partitioned }),
      ...(drive.persistent === false ? ({ persistent: false } as const) : {}),
    })),
    interfaces: addressed[index]?.interfaces ?? [],
    startupFiles: machine.startupFiles.map((file) => ({
      path: file.path,
      // A spec that is kept has it: what stands in a file beside its manifest was read.
      content: file.content ?? '',
      append: file.append ?? false,
      owner: file.owner ?? defaults.owner,
      mode: (file.mode ?? defaults.mode).replace('0o', ''),
    })),
  }))
  const tasks = tasksThatApply(spec.initTasks ?? {}, conditions).map(([name, task]) => ({
    name,
    machine: task.machine ?? spec.machines[0]?.name ?? '',
    user: task.user ?? defaults.user,
    run: task.run,
    needs: task.needs,
    timeoutSeconds: task.timeout_seconds ?? defaults.taskSeconds,
    ...(task.env.length === 0 ? {} : { env: task.env }),
    ...(taskKind(task) === 'init' ? {} : repeatedTask(task)),
  }))
  return { networks, machines, tasks, tabs: resolveTabs(spec.tabs, spec.machines) }
}

const repeatedTask = (task: ManifestInitTask) => ({
  kind: taskKind(task),
  ...(task.hintcheck === undefined ? {} : { hintcheck: task.hintcheck }),
  ...(task.failcheck === undefined ? {} : { failcheck: task.failcheck }),
})

/** The machine boots from its first drive. */
const rootFirst = (drives: readonly ManifestDrive[]): readonly ManifestDrive[] => [
  ...drives.filter(({ mount }) => mount === '/'),
  ...drives.filter(({ mount }) => mount !== '/'),
]

/** The first user is the default one if none is marked. */
function usersOf(users: ManifestSpec['machines'][number]['users']) {
  const named = users.length > 0 ? users : [{ name: defaults.user, default: true, welcome: undefined }]
  const chosen = Math.max(
    0,
    named.findIndex((user) => user.default),
  )
  return named.map(({ name, welcome }, index) => ({
    name,
    default: index === chosen,
    ...(welcome === undefined ? {} : { welcome }),
  }))
}

/** Sizes were checked by the schema. */
const sizeOf = (text: string): number => parseBytes(text) ?? 0

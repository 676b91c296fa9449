import type { ManifestSpec } from '@ramet/model/manifest/manifest.ts'
import { storedSpec } from '@ramet/model/manifest/stored-spec.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { formatBytes, parseBytes } from '@ramet/model/units/bytes.ts'

/**
 * Converts a run's plan into the manifest of a playground that is saved from it. It uses the plan and not the run's playground, since an
 * official one may have changed meanwhile. Every address is written out, so that machines of new runs find each other as the saved ones did.
 */
export function savedSpec(plan: RunPlan): ManifestSpec {
  return storedSpec({
    networks: plan.networks.map(({ name, subnet, gateway, private: isPrivate }) => ({
      name,
      subnet,
      gateway,
      ...(isPrivate ? { private: true } : {}),
    })),
    machines: plan.machines.map((machine) => ({
      name: machine.name,
      users: machine.users.map(({ name, default: isDefault, welcome }) => ({
        name,
        ...(isDefault ? { default: true } : {}),
        welcome,
      })),
      drives: machine.drives.map(({ source, mount, filesystem, sizeBytes, readOnly, partitioned, persistent }) => ({
        source,
        mount,
        filesystem,
        size: exactSize(sizeBytes),
        ...(readOnly ? { readOnly: true } : {}),
        partitioned,
        persistent,
      })),
      network: { interfaces: machine.interfaces.map(({ network, address }) => ({ network, address })) },
      resources: { cpuCount: machine.cpuCount, ramSize: exactSize(machine.ramMiB * 1024 ** 2) },
      startupFiles: machine.startupFiles,
      ...(machine.noSSH ? { noSSH: true } : {}),
      ...(machine.kernel === undefined ? {} : { kernel: machine.kernel }),
    })),
    tabs: plan.tabs ?? [],
    ...(plan.tasks === undefined
      ? {}
      : {
          initTasks: Object.fromEntries(
            plan.tasks.map(({ name, timeoutSeconds, kind = 'init', ...task }) => [
              name,
              { ...task, init: kind === 'init', ...(kind === 'helper' ? { helper: true } : {}), timeout_seconds: timeoutSeconds },
            ]),
          ),
        }),
    accessControl: { canList: ['owner'], canRead: ['owner'], canStart: ['owner'] },
  })
}

/** Formats a size as `20GiB`, or in bytes when no unit is exact. */
function exactSize(bytes: number): string {
  const text = formatBytes(bytes)
  return parseBytes(text) === bytes ? text : String(bytes)
}

import { machineMac } from '@ramet/engine/network/plan.ts'
import type { RunPlan } from '@ramet/engine/run/run-plan.ts'
import { resolveAddresses } from '@ramet/model/addresses.ts'
import { parseBytes } from '@ramet/model/bytes.ts'
import { resolveSpec } from '@ramet/model/defaults.ts'
import type { ManifestSpec } from '@ramet/model/manifest.ts'

const bytes = (text: string): number => {
  const value = parseBytes(text)
  if (value === undefined) throw new Error(`a checked manifest has the size ${text}`)
  return value
}

/** A playground's spec, checked before, with every default and address filled in. Pure. */
export function makeRunPlan(given: ManifestSpec): RunPlan {
  const spec = resolveSpec(given)
  const addresses = resolveAddresses(spec)
  return {
    networks: addresses.networks.map(({ name, subnet, gateway, private: isPrivate }) => ({ name, subnet, gateway, private: isPrivate })),
    machines: spec.machines.map((machine, machineIndex) => ({
      name: machine.name,
      users: machine.users.map(({ name, default: isDefault, welcome }) => ({
        name,
        default: isDefault ?? false,
        ...(welcome === undefined ? {} : { welcome }),
      })),
      cpuCount: machine.resources.cpuCount,
      ramMiB: Math.ceil(bytes(machine.resources.ramSize) / 1024 ** 2),
      noSSH: machine.noSSH ?? false,
      drives: machine.drives.map(({ source, mount, filesystem, size, readOnly }) => ({
        ...(source === undefined ? {} : { source }),
        ...(mount === undefined ? {} : { mount }),
        ...(filesystem === undefined ? {} : { filesystem }),
        sizeBytes: bytes(size),
        readOnly: readOnly ?? false,
      })),
      interfaces: (addresses.machines[machineIndex]?.interfaces ?? []).map(({ network, address, prefixLength, gateway, index }) => ({
        network,
        mac: machineMac(machineIndex, index),
        address,
        prefixLength,
        ...(gateway === undefined ? {} : { gateway }),
      })),
      startupFiles: machine.startupFiles.map(({ path, content, append, owner, mode }) => ({
        path,
        content,
        append: append ?? false,
        owner: owner ?? '0:0',
        mode: mode ?? '644',
      })),
    })),
  }
}

import type { Cgroups } from '../cgroup/cgroups.ts'
import type { Disks } from '../disk/disk.ts'
import type { LayerStore } from '../disk/layer-store.ts'
import type { FindStillWritten } from '../disk/still-written.ts'
import type { Guests } from '../guest/guest.ts'
import type { KernelPack } from '../image/cache/artefact.ts'
import type { Resolvers } from '../network/dns/resolvers.ts'
import type { Networks } from '../network/network.ts'
import type { HostStamp } from '../snapshot/stamp.ts'
import type { Vmm } from '../vmm/vmm.ts'
import type { BootSlots } from './boot-slots.ts'
import type { LiveRuns } from './live-runs.ts'
import type { RunUids } from './run-uids.ts'

/** The parts of one Linux host that runs are made of. The fake world has a fake of each. */
export interface HostParts {
  readonly home: string
  readonly installation: string
  /** Returns the Vmm of a machine. */
  vmmFor(machine: string): Vmm
  readonly networks: Networks
  readonly resolvers: Resolvers
  readonly cgroups: Cgroups
  readonly disks: Disks
  readonly layers: LayerStore
  readonly findStillWritten: FindStillWritten
  readonly uids: RunUids
  readonly guests: Guests
  /** Shared by all runs. */
  readonly boots: BootSlots
  readonly live: LiveRuns
  kernelPack(): Promise<KernelPack>
  /** Identifies what memory that is taken here can be resumed on. */
  stamp(): Promise<HostStamp>
  /** Resolvers for names outside the run, without those on the host's loopback, which a run's namespace cannot reach. */
  nameservers(): Promise<string[]>
}

/** `r1a2b-3c`: names every host object of the run; unique on the host, at most 13 characters (see network.ts). */
export const hostName = (installation: string, shortId: number) => `r${installation}-${shortId.toString(36)}`

import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { Cgroups } from '../cgroup/cgroups.ts'
import type { Disks, LayerFile } from '../disk/disk.ts'
import type { LayerStore } from '../disk/layer-store.ts'
import type { Guests } from '../guest/guest.ts'
import type { KernelPack } from '../image/cache/artefact.ts'
import type { Resolvers } from '../network/dns/resolvers.ts'
import type { Networks } from '../network/network.ts'
import type { NewRamFile } from '../snapshot/ram-file.ts'
import type { SnapshotRecord, TakenSnapshot } from '../snapshot/snapshot-record.ts'
import type { HostStamp } from '../snapshot/stamp.ts'
import type { Vmm } from '../vmm/vmm.ts'
import type { BootSlots } from './boot-slots.ts'

/** The parts of one Linux host that a run is made of. The fake world has a fake of each. */
export interface Host {
  readonly home: string
  readonly installation: string
  readonly vmm: Vmm
  readonly networks: Networks
  readonly resolvers: Resolvers
  readonly cgroups: Cgroups
  readonly disks: Disks
  readonly layers: LayerStore
  readonly guests: Guests
  /** Shared by all runs. */
  readonly boots: BootSlots
  kernelPack(): Promise<KernelPack>
  /** What a memory that is taken here can be resumed on. */
  stamp(): Promise<HostStamp>
  /** Resolvers that know names from outside; not those on the host's loopback, which a run's namespace does not reach. */
  nameservers(): Promise<string[]>
}

/** A run as its steps see it; read anew from the store each time. */
export interface RunRecord {
  readonly id: string
  readonly shortId: number
  readonly plan: RunPlan
  readonly lease: string | undefined
  readonly drives: readonly DriveRecord[]
  /** In the order of the plan. */
  readonly machines: readonly MachineRecord[]
  /** What its next start resumes. */
  readonly resume: SnapshotRecord | undefined
  /** Of a run that is on its way up from a snapshot which it has consumed: the epoch that its guests are to be woken with. */
  readonly waking: string | undefined
  /** Its drives and memory are those of another run, kept for starts like this one: its guests need an identity of their own before anybody uses them. */
  readonly isBorrowed: boolean
}

export interface MachineRecord {
  readonly name: string
  /** Of a machine that is to be rebooted: kernel boot id of the boot that it is to leave. */
  readonly leftBoot: string | undefined
}

export interface DriveRecord {
  readonly machine: string
  readonly index: number
  /** Layers below the overlay, topmost first; empty for a drive that began empty. */
  readonly layers: readonly LayerFile[]
  /** File name in the run's `drives` folder; undefined: unmodified, nothing on disk. */
  readonly overlay: string | undefined
  readonly sizeBytes: number
}

/** What the steps must have remembered for good before they go on. Implemented over the store. */
export interface RunStore {
  read(): Promise<RunRecord>
  saveLease(lease: string | undefined): Promise<void>
  saveOverlay(machine: string, driveIndex: number, overlay: string): Promise<void>
  saveLeftBoot(machine: string, boot: string): Promise<void>
  /**
   * In one transaction: the overlays of the run's drives, which nobody writes to any more, become layers; the snapshot is written down on them; the run's next start
   * resumes it, with just these machines on.
   */
  saveSnapshot(taken: TakenSnapshot): Promise<void>
  /** In one transaction, before the first CPU goes on: the run will never resume this snapshot again, its machines have it mapped, its guests are in this epoch. */
  consumeSnapshot(snapshot: SnapshotRecord, epoch: string): Promise<void>
  /** Its guests have an identity of their own. */
  saveIdentity(): Promise<void>
  /** The RAM of this machine, which was compressed, is in another file from now on; the compressed one is removed. Somebody else who resumes the same snapshot may have been first: then the new one is. */
  saveUnpacked(snapshot: SnapshotRecord, machine: string, ram: NewRamFile): Promise<void>
  /** Its next start boots, because of this (a sentence). */
  bootNext(reason: string): Promise<void>
  /** The overlay was never written to, and is gone. */
  forgetOverlay(machine: string, driveIndex: number): Promise<void>
  /** The machines are gone for good: drops the drives' rows and the hold on a snapshot, and with them the hold on layers. */
  forgetDrives(): Promise<void>
}

/** `r1a2b-3c`: names every host object of the run; unique on the host, at most 13 characters (see network.ts). */
export const hostName = (installation: string, shortId: number) => `r${installation}-${shortId.toString(36)}`

import type { NewRam, SnapshotRecord, TakenSnapshot } from '../snapshot/snapshot-record.ts'
import type { RunRecord } from './run-record.ts'

/**
 * Steps of one run persist its state here. The server implements it over its database. Arguments are plain data, and the state is durable when the promise is
 * fulfilled; steps wait for that.
 */
export interface RunStore {
  read(): Promise<RunRecord>
  saveLease(lease: string): Promise<void>
  saveOverlay(machine: string, driveIndex: number, overlay: string): Promise<void>
  /** Records that the first boot's work on a machine was allowed, or is done: then its filesystems have the sizes of its drives too. Clones and saved playgrounds inherit it. */
  saveSetUp(machine: string, setUp: 'begun' | 'done'): Promise<void>
  saveLeftBoot(machine: string, boot: string): Promise<void>
  /**
   * In one transaction: the overlays of the run's drives, which nobody writes to any more, become layers; the snapshot is recorded on them; the run's next start
   * resumes it, with just these machines on. Then it boots those that did not answer.
   */
  saveSnapshot(taken: TakenSnapshot): Promise<void>
  /** In one transaction, before the first CPU goes on: marks the snapshot as consumed by the run and mapped by its machines, and sets the epoch of its guests. */
  consumeSnapshot(snapshot: SnapshotRecord, epoch: string): Promise<void>
  /** Records that the guests have their own identity. */
  saveIdentity(): Promise<void>
  /**
   * Replaces the compressed RAM file of this machine by the unpacked one, and removes the compressed one. If another run that resumes the same snapshot was
   * first, the new file is removed.
   */
  saveUnpacked(snapshot: SnapshotRecord, machine: string, ram: NewRam): Promise<void>
  /** Makes the next start boot. The reason is a sentence. */
  bootNext(reason: string): Promise<void>
  /** Records that the overlay is gone; it was never written to. */
  forgetOverlay(machine: string, driveIndex: number): Promise<void>
  /** Drops the drives' rows and the reference to a snapshot, and with them the references to layers. The machines are gone for good. */
  forgetDrives(): Promise<void>
}

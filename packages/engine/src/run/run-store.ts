import type { NewRam, SnapshotRecord, TakenSnapshot } from '../snapshot/snapshot-record.ts'
import type { RunRecord } from './run-record.ts'

/**
 * Where the steps of one run persist its state. The server implements it over its database; each call is plain data, and what it saves is durable when its promise is
 * fulfilled. Steps go on only then.
 */
export interface RunStore {
  read(): Promise<RunRecord>
  saveLease(lease: string): Promise<void>
  saveOverlay(machine: string, driveIndex: number, overlay: string): Promise<void>
  saveLeftBoot(machine: string, boot: string): Promise<void>
  /**
   * In one transaction: the overlays of the run's drives, which nobody writes to any more, become layers; the snapshot is written down on them; the run's next start
   * resumes it, with just these machines on.
   */
  saveSnapshot(taken: TakenSnapshot): Promise<void>
  /** In one transaction, before the first CPU goes on: the run will never resume this snapshot again, its machines have it mapped, its guests are in this epoch. */
  consumeSnapshot(snapshot: SnapshotRecord, epoch: string): Promise<void>
  /** The guests have an identity of their own. */
  saveIdentity(): Promise<void>
  /**
   * The RAM of this machine, which was compressed, is in another file from now on; the compressed one is removed. Another run that resumes the same snapshot may have
   * been first: then the new one is removed.
   */
  saveUnpacked(snapshot: SnapshotRecord, machine: string, ram: NewRam): Promise<void>
  /** The next start boots, because of this (a sentence). */
  bootNext(reason: string): Promise<void>
  /** The overlay was never written to, and is gone. */
  forgetOverlay(machine: string, driveIndex: number): Promise<void>
  /** The machines are gone for good: drops the drives' rows and the hold on a snapshot, and with them the hold on layers. */
  forgetDrives(): Promise<void>
}

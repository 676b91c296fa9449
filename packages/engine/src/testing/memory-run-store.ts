import { randomBytes } from 'node:crypto'
import type { HostStorage } from '../host/host-storage.ts'
import type { DriveRecord, RunRecord } from '../run/run-record.ts'
import type { RunStore } from '../run/run-store.ts'
import type { NewRam, SnapshotRecord, TakenSnapshot } from '../snapshot/snapshot-record.ts'

const newLayerFile = () => `layers/${randomBytes(12).toString('hex')}.qcow2`

/** A RunStore that keeps one run in memory, for tests of a host without a server. It does with files what the server does. */
export class MemoryRunStore implements RunStore {
  record: RunRecord
  readonly #storage: HostStorage

  constructor(storage: HostStorage, record: Pick<RunRecord, 'id' | 'shortId' | 'plan' | 'drives'>) {
    this.#storage = storage
    const machines = record.plan.machines.map(({ name }) => ({ name, isOn: false, leftBoot: undefined }))
    this.record = {
      ...record,
      machines,
      lease: undefined,
      resume: undefined,
      waking: undefined,
      isBorrowed: false,
      isBackground: false,
    }
  }

  async read(): Promise<RunRecord> {
    return this.record
  }

  /** Its guests are awake: it is RUNNING. */
  noteAwake(): void {
    this.#change({ waking: undefined })
  }

  async saveLease(lease: string): Promise<void> {
    this.#change({ lease })
  }

  async saveOverlay(machine: string, driveIndex: number, overlay: string): Promise<void> {
    this.#changeDrive(machine, driveIndex, { overlay })
  }

  async forgetOverlay(machine: string, driveIndex: number): Promise<void> {
    this.#changeDrive(machine, driveIndex, { overlay: undefined })
  }

  async saveSetUp(machine: string, setUp: 'begun' | 'done'): Promise<void> {
    for (const drive of this.record.drives) {
      if (drive.machine !== machine) continue
      const grownBytes = setUp === 'done' ? drive.sizeBytes : drive.grownBytes
      this.#changeDrive(machine, drive.index, { setUp, grownBytes })
    }
  }

  async saveLeftBoot(machine: string, leftBoot: string): Promise<void> {
    this.#change({ machines: this.record.machines.map((each) => (each.name === machine ? { ...each, leftBoot } : each)) })
  }

  async saveSnapshot({ id, at, stamp, machines }: TakenSnapshot): Promise<void> {
    for (const { machine, index, overlay } of this.record.drives)
      if (overlay !== undefined) await this.seal(machine, index, overlay, undefined)
    const resume: SnapshotRecord = {
      id,
      at,
      stamp,
      machines: machines.map((each) => ({
        ...each,
        ramFileBytes: each.ramBytes,
        isPacked: false,
        ramDigest: undefined,
        isDamaged: false,
      })),
      drives: this.record.drives.flatMap(({ machine, index, layers: [layer] }) =>
        layer ? [{ machine, index, layer: layer.file }] : [],
      ),
    }
    this.#change({ resume })
  }

  /** The overlay becomes a layer, and `next` the drive's overlay. */
  async seal(machine: string, driveIndex: number, overlay: string, next: string | undefined): Promise<void> {
    const name = { runId: this.record.id, overlay }
    const drive = this.record.drives.find((each) => each.machine === machine && each.index === driveIndex)
    if (!drive) throw new Error(`there is no drive ${driveIndex} of ${machine}`)
    const layer = newLayerFile()
    await this.#storage.seal([{ ...name, layer }])
    this.#changeDrive(machine, driveIndex, {
      overlay: next,
      layers: [{ file: layer, sizeBytes: drive.sizeBytes }, ...drive.layers],
    })
    await this.#storage.removeOverlays([name])
  }

  async consumeSnapshot(_: SnapshotRecord, waking: string): Promise<void> {
    this.#change({ resume: undefined, waking })
  }

  async saveIdentity(): Promise<void> {
    this.#change({ isBorrowed: false })
  }

  async saveUnpacked(snapshot: SnapshotRecord, machine: string, { file, bytes, digest }: NewRam): Promise<void> {
    const machines = snapshot.machines.map((each) =>
      each.name === machine
        ? { ...each, memory: { ...each.memory, ramFile: file }, ramFileBytes: bytes, ramDigest: digest, isPacked: false }
        : each,
    )
    this.#change({ resume: { ...snapshot, machines } })
  }

  async bootNext(): Promise<void> {
    this.#change({ resume: undefined, waking: undefined })
  }

  async forgetDrives(): Promise<void> {
    this.#change({ drives: [], resume: undefined })
  }

  #change(change: Partial<RunRecord>): void {
    this.record = { ...this.record, ...change }
  }

  #changeDrive(machine: string, driveIndex: number, change: Partial<DriveRecord>): void {
    this.#change({
      drives: this.record.drives.map((each) =>
        each.machine === machine && each.index === driveIndex ? { ...each, ...change } : each,
      ),
    })
  }
}

import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Known } from '@ramet/engine'
import {
  type Disks,
  fakeDisks,
  fakeLayers,
  type LayerStore,
  localStorage,
  newOverlayName,
  overlaysFolder,
  reclaimFiles,
  sealedFile,
  writeFakeDrive,
} from '@ramet/engine/testing'
import type { Finding } from '@ramet/model/api/host.ts'
import type { RunState } from '@ramet/model/run/run-state.ts'
import { type FsckOptions, fsck } from '../fsck/fsck.ts'
import { type LayerTools, layerTools } from '../storage/layers/layer-tools.ts'
import { reclaim } from '../storage/reclaim.ts'
import { holdingsOf } from '../storage/usage/holdings.ts'
import { OverlaySizes } from '../storage/usage/overlay-sizes.ts'
import { type Usage, usageOf } from '../storage/usage/usage.ts'
import { type Db, now, openDatabase, transaction } from '../store/database.ts'
import { insertBuilding, layerChain, markSealed } from '../store/layers.ts'
import type { DriveRow } from '../store/schema.ts'
import { readHoldingRows } from '../store/usage.ts'
import { planWithDrives } from './plan-with-drives.ts'

export const sizeBytes = 1024 * 1024

/** A home for tests of layers: rows and files of runs without machines, on pretend drives unless others are given. */
export class TestHome {
  readonly db: Db
  readonly tools: LayerTools
  readonly disks: Disks
  readonly layers: LayerStore
  /** True for files that a machine could still write to. */
  isStillWritten: (file: string) => boolean = () => false
  /** Throws after the step of this name, or after as many steps of any. */
  crashAfter: string | number | undefined
  #shortIds = 0

  private constructor(db: Db, home: string, layers: LayerStore, disks: Disks) {
    this.db = db
    this.disks = disks
    this.layers = layers
    this.tools = layerTools({
      db,
      home,
      storage: localStorage({ home, disks, layers, findStillWritten: async (files) => files.find(this.isStillWritten) }),
      afterStep: (name) => {
        if (typeof this.crashAfter === 'number') this.crashAfter -= 1
        if (this.crashAfter === name || this.crashAfter === 0) throw new Error(`crash after ${name}`)
      },
    })
  }

  /** `at`: made if need be; absent: a temporary one. `open`: its store; absent: a file in the home. */
  static async make(
    layers: LayerStore = fakeLayers,
    disks: Disks = fakeDisks,
    { at, open }: { at?: string; open?: () => Promise<Db> } = {},
  ): Promise<TestHome> {
    const home = at ?? (await mkdtemp(join(tmpdir(), 'ramet-layers-')))
    await mkdir(join(home, 'layers'), { recursive: true })
    await mkdir(join(home, 'runs'))
    const db = await (open?.() ?? openDatabase({ file: join(home, 'ramet.sqlite') }))
    await db.insertInto('users').values({ id: 'u', name: 'ann', created_at: now() }).execute()
    const made = new TestHome(db, home, layers, disks)
    await made.addPlayground('p')
    return made
  }

  get home(): string {
    return this.tools.home
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.db.destroy()
    await rm(this.home, { recursive: true })
  }

  /** What the next server does first, after one that was killed. Runs here have no host objects. */
  async reclaim(): Promise<void> {
    // What writes to the drives here is this process, as root.
    const uids = ({ runs }: Known) => new Map(runs.map(({ id }) => [id, 0]))
    const host = { reclaim: (known: Known) => reclaimFiles({ home: this.home, layers: this.layers }, known, uids(known)) }
    await reclaim(this.db, host, { warn() {} })
  }

  async fsck(how: Pick<FsckOptions, 'insideDrives' | 'allMemory'> = {}): Promise<Finding[]> {
    return fsck({ db: this.db, files: this.tools.storage, againAfterMs: 0, ...how })
  }

  /** With every overlay measured now. */
  async usage(): Promise<Usage> {
    const rows = await transaction(this.db, readHoldingRows)
    const sizes = new OverlaySizes(this.tools.storage)
    await sizes.measure(rows)
    return usageOf(holdingsOf(rows, sizes))
  }

  async addPlayground(id: string, db: Db = this.db): Promise<void> {
    const texts = { title: id, description: '', categories: '[]', markdown: null, cover: null, spec: '{"machines":[]}' }
    const times = { created_at: now(), updated_at: now(), removed_at: null }
    await db
      .insertInto('playgrounds')
      .values({ id, name: id, owner_id: 'u', base: 'b', ...texts, ...times })
      .execute()
  }

  /** A sealed layer with a file, made as an image's is. */
  async addLayer(id: string, parentId: string | null = null, blocks: Readonly<Record<number, number>> = {}): Promise<void> {
    const file = join('layers', `${id}.qcow2`)
    await insertBuilding(this.db, { id, parentId, file, sizeBytes })
    await this.disks.makeOverlay(join(this.home, file), undefined, sizeBytes)
    for (const [block, byte] of Object.entries(blocks)) await writeFakeDrive(join(this.home, file), Number(block), byte)
    await this.layers.seal([{ overlay: join(this.home, file), layer: join(this.home, file) }])
    await markSealed(this.db, id, await sealedFile(join(this.home, file)))
  }

  /** Remembers a layer's file as it is now. */
  async sealAgain(id: string): Promise<void> {
    await this.db.updateTable('layers').set({ state: 'building' }).where('id', '=', id).execute()
    await markSealed(this.db, id, await sealedFile(join(this.home, `layers/${id}.qcow2`)))
  }

  /** A run of one machine `m`, its drives on the given layers, without overlays. */
  async addRun(
    state: RunState,
    layerIds: readonly (string | null)[],
    { id = randomBytes(12).toString('hex'), db = this.db }: { id?: string; db?: Db } = {},
  ): Promise<string> {
    const plan = planWithDrives(layerIds.map(() => sizeBytes))
    const names = { playground_id: 'p', playground_name: 'p', playground_title: 'p', title: 't' }
    const rest = { plan: JSON.stringify(plan), failure: null, lease: null, resume_from: null }
    const times = { created_at: now(), updated_at: now(), last_state_at: now() }
    const wanted = state === 'RUNNING' ? 'RUNNING' : 'STOPPED'
    await db
      .insertInto('runs')
      .values({ id, short_id: ++this.#shortIds, owner_id: 'u', ...names, wanted, state, ...rest, ...times })
      .execute()
    await db.insertInto('state_events').values({ run_id: id, seq: 1, state, at: now(), error: null }).execute()
    await db
      .insertInto('run_machines')
      .values({ run_id: id, name: 'm', machine_index: 0, state: 'STOPPED', conditions: '[]' })
      .execute()
    for (const [index, layerId] of layerIds.entries()) {
      await db
        .insertInto('drives')
        .values({ run_id: id, machine: 'm', drive_index: index, layer_id: layerId, overlay: null, size_bytes: sizeBytes })
        .execute()
    }
    return id
  }

  /** Makes the overlays that are missing, as a start does. */
  async makeOverlays(runId: string): Promise<void> {
    await this.disks.makeVmFolder(overlaysFolder(this.home, runId))
    for (const drive of await this.drives(runId)) {
      if (drive.overlay !== null) continue
      const [on] = await this.chain(drive)
      const overlay = newOverlayName('m', drive.drive_index)
      const below = on === undefined ? undefined : ({ file: on, format: 'qcow2', sizeBytes } as const)
      await this.disks.makeOverlay(join(overlaysFolder(this.home, runId), overlay), below, sizeBytes)
      await this.changeDrive(drive, { overlay })
    }
  }

  async changeDrive({ run_id, drive_index }: DriveRow, values: Partial<DriveRow>): Promise<void> {
    await this.db.updateTable('drives').set(values).where('run_id', '=', run_id).where('drive_index', '=', drive_index).execute()
  }

  async drives(runId: string): Promise<DriveRow[]> {
    return this.db.selectFrom('drives').selectAll().where('run_id', '=', runId).orderBy('drive_index').execute()
  }

  /** Topmost first. */
  async layerFiles(layerId: string | null): Promise<string[]> {
    const layers = layerId === null ? [] : (await layerChain(this.db, layerId)).toReversed()
    return layers.map(({ file }) => join(this.home, file))
  }

  /** Files of a drive, topmost first. */
  async chain({ run_id, layer_id, overlay }: DriveRow): Promise<string[]> {
    const files = await this.layerFiles(layer_id)
    return overlay === null ? files : [join(overlaysFolder(this.home, run_id), overlay), ...files]
  }

  /** The same for a machine that is off: with the overlay that a VM that is gone may have written to. */
  async offChain(drive: DriveRow): Promise<string[]> {
    const chain = await this.chain(drive)
    const next = drive.next_overlay === null ? undefined : join(overlaysFolder(this.home, drive.run_id), drive.next_overlay)
    const isMade = next !== undefined && (await this.disks.exists(next))
    return isMade ? [next, ...chain] : chain
  }
}

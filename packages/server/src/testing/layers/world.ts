import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { newOverlayName, overlaysFolder } from '@ramet/engine/testing'
import { collectLayers } from '../../storage/layers/collect.ts'
import { sealDrives, sealOverlays, settleOverlays } from '../../storage/layers/seal.ts'
import { shortenOnce } from '../../storage/layers/shorten.ts'
import { announceOverlays, drivesWithOverlay } from '../../store/drives.ts'
import { unreferencedLayers } from '../../store/layers.ts'
import { markPlaygroundRemoved } from '../../store/playgrounds.ts'
import { findRun } from '../../store/runs.ts'
import { putRun } from '../put-run.ts'
import type { TestHome } from '../test-home.ts'
import { qemuHome } from './qemu-home.ts'
import { blocks, type DriveCommands, driveBytes, qemuIo, readCommand, writeCommand } from './qemu-io.ts'
import { finishDestroying, takeOver } from './recover-run.ts'

/** What one drive must read as: a byte a block. */
type Content = number[]
const empty = (): Content => blocks.map(() => 0)
const imageContent = (): Content => blocks.map((_, place) => place + 1)

interface ModelRun {
  isOn: boolean
  readonly drives: Content[]
  /** Overlays that its VM writes to now, by drive; what only QEMU knows. */
  readonly open: string[]
}

/** The product's layers on real qcow2 files, and beside them a model of what every drive must read as. Machines are this class; their guests write by qemu-io. */
export class World {
  readonly home: TestHome
  readonly runs = new Map<string, ModelRun>()
  readonly playgrounds = new Map<string, Map<number, Content>>()
  steps = 0
  #pending: DriveCommands[] = []

  private constructor(home: TestHome) {
    this.home = home
  }

  static async make(): Promise<World> {
    return new World(await qemuHome(imageContent()))
  }

  /** Each returns when it was done, or throws what a killed server leaves behind; `recover` then. */
  async startNew(): Promise<void> {
    const id = await this.home.addRun('STOPPED', ['image', null])
    this.runs.set(id, { isOn: false, drives: [imageContent(), empty()], open: [] })
    await this.start(id)
  }

  async start(id: string): Promise<void> {
    const run = this.#run(id)
    if (run.isOn) return
    await settleOverlays(this.home.tools, id)
    await putRun(this.home.db, id, { state: 'RUNNING', wanted: 'RUNNING' })
    await this.home.makeOverlays(id)
    run.isOn = true
    for (const { drive_index, overlay } of await this.home.drives(id)) run.open[drive_index] = overlay ?? ''
  }

  async write(id: string, drive: number, place: number, byte: number): Promise<void> {
    const run = this.#run(id)
    const content = run.drives[drive]
    if (!run.isOn || !content) return
    content[place % blocks.length] = byte
    this.#pending.push({ chain: await this.#openChain(id, drive), isReadOnly: false, commands: [writeCommand(place, byte)] })
  }

  async stop(id: string): Promise<void> {
    await this.#flush()
    await putRun(this.home.db, id, { state: 'STOPPED', wanted: 'STOPPED' })
    this.#run(id).isOn = false
  }

  async clone(id: string): Promise<void> {
    if (this.#run(id).isOn) return
    await this.#flush()
    const clone = randomBytes(12).toString('hex')
    this.runs.set(clone, { isOn: false, drives: this.#run(id).drives.map((content) => [...content]), open: [] })
    await sealDrives(this.home.tools, id, async (trx) => {
      const rows = await trx.selectFrom('drives').selectAll().where('run_id', '=', id).orderBy('drive_index').execute()
      await this.home.addRun(
        'STOPPED',
        rows.map((row) => row.layer_id),
        { id: clone, db: trx },
      )
    })
  }

  async save(id: string): Promise<void> {
    if (this.#run(id).isOn) return
    await this.#flush()
    const name = randomBytes(6).toString('hex')
    this.playgrounds.set(name, new Map())
    await sealDrives(this.home.tools, id, async (trx) => {
      await this.home.addPlayground(name, trx)
      const rows = await trx.selectFrom('drives').selectAll().where('run_id', '=', id).execute()
      for (const { drive_index, layer_id } of rows) {
        if (layer_id === null) continue
        await trx.insertInto('playground_drives').values({ playground_id: name, machine: 'm', drive_index, layer_id }).execute()
        this.playgrounds.get(name)?.set(drive_index, [...(this.#run(id).drives[drive_index] ?? empty())])
      }
    })
  }

  async startFrom(playground: string): Promise<void> {
    const saved = this.playgrounds.get(playground)
    const rows = await this.home.db.selectFrom('playground_drives').selectAll().where('playground_id', '=', playground).execute()
    const layerOf = (drive: number) => rows.find(({ drive_index }) => drive_index === drive)?.layer_id ?? null
    const id = await this.home.addRun('STOPPED', [0, 1].map(layerOf))
    this.runs.set(id, { isOn: false, drives: [0, 1].map((drive) => [...(saved?.get(drive) ?? empty())]), open: [] })
    await this.start(id)
  }

  async remove(playground: string): Promise<void> {
    await markPlaygroundRemoved(this.home.db, playground)
    this.playgrounds.delete(playground)
    await collectLayers(this.home.tools)
  }

  async destroy(id: string): Promise<void> {
    await this.#flush()
    this.runs.delete(id)
    await putRun(this.home.db, id, { state: 'DESTROYING', wanted: 'DESTROYED' })
    await finishDestroying(this.home, id)
  }

  async shorten(bound: number): Promise<void> {
    await this.#flush()
    while ((await shortenOnce(this.home.tools, { bound })) === 'shorter');
  }

  /** What a snapshot does with the drives of a run that is on. */
  async sealLive(id: string): Promise<void> {
    const run = this.#run(id)
    if (!run.isOn) return
    await this.#flush()
    const overlays = (await drivesWithOverlay(this.home.db, id)).map((drive) => ({
      ...drive,
      nextOverlay: newOverlayName('m', drive.driveIndex),
    }))
    await announceOverlays(this.home.db, id, overlays)
    this.home.tools.afterStep?.('live/announce')
    for (const { nextOverlay } of overlays) {
      await this.home.disks.makeOverlay(join(overlaysFolder(this.home.home, id), nextOverlay), undefined, driveBytes)
    }
    this.home.tools.afterStep?.('live/make-overlays')
    for (const { driveIndex, nextOverlay } of overlays) run.open[driveIndex] = nextOverlay
    this.home.tools.afterStep?.('live/switch')
    await sealOverlays(this.home.tools, id, overlays)
  }

  /** The next server after one that was killed. `alsoMachines`: the host went down, no machine is on any more. */
  async recover(alsoMachines: boolean): Promise<void> {
    this.home.crashAfter = undefined
    await this.#flush()
    await this.home.reclaim()
    for (const [id, run] of this.runs) {
      const row = await findRun(this.home.db, id)
      // A clone of which the transaction was not done is no run.
      if (!row) this.runs.delete(id)
      else if (run.isOn && alsoMachines) await this.stop(id)
      else if (run.isOn) await takeOver(this.home, id, run.open)
      else await putRun(this.home.db, id, { state: 'STOPPED', wanted: 'STOPPED' })
    }
    for (const name of this.playgrounds.keys()) {
      const row = await this.home.db.selectFrom('playgrounds').select('id').where('id', '=', name).executeTakeFirst()
      if (!row) this.playgrounds.delete(name)
    }
    const dying = await this.home.db.selectFrom('runs').select('id').where('state', '=', 'DESTROYING').execute()
    for (const { id } of dying) await finishDestroying(this.home, id)
    await this.verify()
  }

  /** Every drive reads as the model says, nothing is missing and nothing is left over. */
  async verify(insideDrives = false): Promise<void> {
    await this.#flush()
    const reads: DriveCommands[] = []
    const expect = async (chain: readonly string[], content: Content | undefined) => {
      assert.ok(content)
      if (chain.length > 0)
        reads.push({ chain, isReadOnly: true, commands: content.map((byte, place) => readCommand(place, byte)) })
      else assert.ok(content.every((byte) => byte === 0))
    }
    for (const [id, run] of this.runs) {
      for (const drive of await this.home.drives(id)) {
        await expect(
          run.isOn ? await this.#openChain(id, drive.drive_index) : await this.home.offChain(drive),
          run.drives[drive.drive_index],
        )
      }
    }
    for (const [name, drives] of this.playgrounds) {
      const rows = await this.home.db.selectFrom('playground_drives').selectAll().where('playground_id', '=', name).execute()
      assert.deepEqual(rows.map((row) => row.drive_index).toSorted(), [...drives.keys()].toSorted())
      for (const { drive_index, layer_id } of rows) await expect(await this.home.layerFiles(layer_id), drives.get(drive_index))
    }
    await qemuIo(reads)
    await collectLayers(this.home.tools)
    assert.deepEqual(await unreferencedLayers(this.home.db), [])
    assert.deepEqual(await this.home.fsck({ insideDrives }), [])
    const { total } = await this.home.usage()
    assert.equal(total.exclusiveBytes + total.sharedBytes, total.bytes)
  }

  /** Everything goes; what is left is the image. */
  async end(isThorough: boolean): Promise<void> {
    await this.verify(isThorough)
    for (const name of [...this.playgrounds.keys()]) await this.remove(name)
    for (const id of [...this.runs.keys()]) await this.destroy(id)
    await this.verify()
    assert.deepEqual(await readdir(join(this.home.home, 'layers')), ['image.qcow2'])
    assert.deepEqual(await readdir(join(this.home.home, 'runs')), [])
    await this.home.db.deleteFrom('runs').execute()
    await this.home.db.deleteFrom('playgrounds').where('id', '!=', 'p').execute()
  }

  /** The chain as the machine has it open: from its own overlay down. */
  async #openChain(id: string, driveIndex: number): Promise<string[]> {
    const drive = (await this.home.drives(id))[driveIndex]
    assert.ok(drive)
    const chain = await this.home.chain(drive)
    const open = join(overlaysFolder(this.home.home, id), this.#run(id).open[driveIndex] ?? '')
    return chain[0] === open ? chain : [open, ...chain]
  }

  async #flush(): Promise<void> {
    const pending = this.#pending
    this.#pending = []
    await qemuIo(pending)
  }

  #run(id: string): ModelRun {
    const run = this.runs.get(id)
    assert.ok(run)
    return run
  }
}

/** So that files are in memory: what is tested here is not the disk. `npm test` names a folder that it removes. */
export async function inMemory(): Promise<void> {
  process.env.TMPDIR = process.env.RAMET_TEST_MEMORY ?? '/dev/shm/ramet-model'
  await mkdir(process.env.TMPDIR, { recursive: true })
}

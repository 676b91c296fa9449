import { chmod, type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryName } from '../../disk/files.ts'
import { openPlain } from '../../disk/held-folder.ts'
import type { CutFigures, VmCut, VmMemory, VmOverlay } from '../vmm.ts'
import { closeOverlay, closeSealed, type OpenOverlay, openOverlay, putOn } from './drive-nodes.ts'
import { endMigration, migrationReaches, withEvents } from './migration.ts'
import { give } from './own-files.ts'
import type { QmpClient } from './qmp.ts'
import { Splitter } from './splitter.ts'
import { migrationName, vmFiles } from './vm-files.ts'
import type { VmJail } from './vm-record.ts'

/** Paths of our programs. */
export interface CutTools {
  jail(): Promise<string>
  logKeeper(): Promise<string>
  splitter(): Promise<string>
  privateRam(): Promise<string>
}

const pageBytes = 4096
/**
 * Where the first pass is held, before the end of RAM. What is left must fill the socket's buffers, or QEMU would finish and stop the guest before the other
 * machines are that far; a Linux guest has its memory map and what it booted from there.
 */
const tailBytes = 4 * 1024 * 1024
/** Timeout for the slowest supported disk: 20 MB/s. */
const copyTimeoutMs = (ramBytes: number) => 60_000 + ramBytes / 20_000
const settleWithinMs = 60_000

/**
 * Cuts a running VM by migrating it into our splitter, which holds the stream until all machines are ready. QEMU tracks what the guest writes, so
 * that only pages written since the first pass are copied in the pause, however the RAM is backed: a resumed VM is cut like any other.
 */
export class QemuCut implements VmCut {
  readonly #qmp: QmpClient
  readonly #splitter: Splitter
  readonly #folder: string
  readonly #inside: string
  readonly #timeoutMs: number
  readonly #overlays: readonly OpenOverlay[]
  readonly #files: MemoryFiles
  #firstPauseMs = 0
  #preSwitchover: Promise<string> | undefined

  private constructor(
    qmp: QmpClient,
    splitter: Splitter,
    folder: string,
    inside: string,
    ramBytes: number,
    overlays: readonly OpenOverlay[],
    files: MemoryFiles,
  ) {
    this.#qmp = qmp
    this.#splitter = splitter
    this.#folder = folder
    this.#inside = inside
    this.#timeoutMs = copyTimeoutMs(ramBytes)
    this.#overlays = overlays
    this.#files = files
  }

  static async begin(
    qmp: QmpClient,
    tools: CutTools,
    folder: string,
    jail: VmJail,
    into: VmMemory,
    overlays: readonly VmOverlay[],
  ): Promise<QemuCut> {
    const [jailer, program] = await Promise.all([tools.jail(), tools.splitter()])
    const { migration: socket, root } = vmFiles(folder)
    await endMigration(qmp)
    const ramBytes = jail.ramMiB * 1024 * 1024
    const files = await MemoryFiles.make(into)
    const opened: OpenOverlay[] = []
    try {
      for (const overlay of overlays) {
        await give(folder, jail, overlay.file)
        opened.push(await openOverlay(qmp, overlay))
      }
      const capabilities = [withEvents, { capability: 'pause-before-switchover', state: true }]
      await qmp.execute('migrate-set-capabilities', { capabilities })
      // Unlimited; and after the first pass QEMU finishes, whatever was written meanwhile.
      await qmp.execute('migrate-set-parameters', { 'max-bandwidth': 0, 'downtime-limit': 0 })
      const splitter = await Splitter.start({
        program,
        jailer,
        uid: jail.uid,
        root,
        socket,
        ramBytes,
        holdAt: ramBytes - tailBytes,
        ramFile: files.ram,
        stateFile: files.state,
      })
      return new QemuCut(qmp, splitter, folder, jail.inside, ramBytes, opened, files)
    } catch (error) {
      for (const overlay of opened) await closeOverlay(qmp, overlay)
      await files.drop()
      throw error
    }
  }

  /**
   * QEMU before 9.0 forgets writes under TCG: when it collects what was written, it does not tell the CPUs' address caches to watch those pages again
   * ("physmem: Fix migration dirty bitmap coherency with TCG memory access"; measured: 10-20 pages lost in 8 of 10 cuts, 3 of 5 resumed guests crashed).
   * So it collects twice only, each time with the guest stopped: when it begins to watch, which empties those caches, and in the pause.
   */
  async copyMemory(): Promise<void> {
    const active = migrationReaches(this.#qmp, ['active'], settleWithinMs)
    this.#preSwitchover = migrationReaches(this.#qmp, ['pre-switchover'], this.#timeoutMs)
    for (const each of [active, this.#preSwitchover]) each.catch(() => {})
    await this.#flushOverlays()
    const stopped = performance.now()
    await this.#qmp.execute('stop')
    try {
      await this.#qmp.execute('migrate', { uri: `unix:${join(this.#inside, migrationName)}` })
      await active
    } finally {
      await this.#qmp.execute('cont')
      this.#firstPauseMs = performance.now() - stopped
    }
    const held = this.#splitter.until(/^tail$/)
    held.catch(() => {})
    // When very little is left QEMU does not wait for us, and stops the guest.
    await Promise.race([held, this.#preSwitchover])
    await this.#flushOverlays()
  }

  async pause(): Promise<void> {
    await this.#qmp.execute('stop')
  }

  async cutDrives(): Promise<void> {
    this.#splitter.permit()
    await Promise.all(this.#overlays.map((overlay) => putOn(this.#qmp, overlay)))
    await this.#preSwitchover
  }

  async saveDevices(): Promise<CutFigures> {
    const completed = migrationReaches(this.#qmp, ['completed'], settleWithinMs)
    completed.catch(() => {})
    await this.#qmp.execute('migrate-continue', { state: 'pre-switchover' })
    await completed
    const [, copied, paused, stateBytes] = await this.#splitter.until(/^whole (\d+) (\d+) (\d+)$/)
    return {
      copiedBytes: Number(copied) * pageBytes,
      pausedBytes: Number(paused) * pageBytes,
      stateBytes: Number(stateBytes),
      firstPauseMs: this.#firstPauseMs,
    }
  }

  async publish(): Promise<void> {
    // Should it fail, the cut is good all the same, and the seal finds out.
    if (this.#overlays.length > 0) await closeSealed(this.#qmp).catch(() => {})
    // It has both files open, and reads what a hostile QEMU sends.
    await this.#splitter.kill()
    await this.#files.publish()
    await this.#removeSocket()
  }

  async cancel(): Promise<void> {
    // A guest that stopped itself at the end of the copying is started again by QEMU then, one that was paused before is not.
    await endMigration(this.#qmp).catch(() => {})
    await this.#splitter.kill()
    for (const overlay of this.#overlays) await closeOverlay(this.#qmp, overlay)
    await this.#files.drop()
    await this.#removeSocket()
  }

  async #removeSocket(): Promise<void> {
    await rm(vmFiles(this.#folder).migration, { force: true })
  }

  /** Flushes the drives before the pause, which flushes them again and then has little to do. By our own links: names that QEMU tells are not to be opened. */
  async #flushOverlays(): Promise<void> {
    const { own } = vmFiles(this.#folder)
    const names = await readdir(own)
    await Promise.all(names.filter((name) => name !== migrationName).map((name) => flush(join(own, name))))
  }
}

/** The path is QEMU's own word, so it may be anything: only a file is opened, and nothing of it is read. */
async function flush(path: string): Promise<void> {
  await using file = await openPlain(path, 'read')
  await file.datasync()
}

/** Creates the two files under temporary names, owned by us. */
class MemoryFiles {
  readonly ram: FileHandle
  readonly state: FileHandle
  readonly #into: VmMemory
  readonly #temporary: VmMemory
  #isPublished = false

  private constructor(ram: FileHandle, state: FileHandle, into: VmMemory, temporary: VmMemory) {
    this.ram = ram
    this.state = state
    this.#into = into
    this.#temporary = temporary
  }

  static async make(into: VmMemory): Promise<MemoryFiles> {
    const temporary = { ramFile: temporaryName(into.ramFile), stateFile: temporaryName(into.stateFile) }
    const ram = await open(temporary.ramFile, 'wx', 0o600)
    try {
      return new MemoryFiles(ram, await open(temporary.stateFile, 'wx', 0o600), into, temporary)
    } catch (error) {
      await ram.close()
      await rm(temporary.ramFile, { force: true })
      throw error
    }
  }

  /** Renames the files to their final names. They are whole, but not yet durable. */
  async publish(): Promise<void> {
    for (const which of ['ramFile', 'stateFile'] as const) {
      await chmod(this.#temporary[which], 0o444)
      await rename(this.#temporary[which], this.#into[which])
    }
    this.#isPublished = true
    await Promise.all([this.ram.close(), this.state.close()])
  }

  async drop(): Promise<void> {
    await Promise.all([this.ram.close(), this.state.close()]).catch(() => {})
    const { ramFile, stateFile } = this.#isPublished ? this.#into : this.#temporary
    await Promise.all([rm(ramFile, { force: true }), rm(stateFile, { force: true })])
  }
}

import { rename, rm } from 'node:fs/promises'
import { temporaryName } from '../../disk/files.ts'
import type { CutFigures, VmCut, VmMemory, VmOverlay } from '../../vmm/vmm.ts'
import type { ControlCommand } from './fake-protocol.ts'

type Send = (
  command: ControlCommand extends infer C ? (C extends unknown ? Omit<C, 'number'> : never) : never,
) => Promise<unknown>

/** A cut of a pretend VM, whose memory is a few kilobytes. */
export class FakeCut implements VmCut {
  readonly #send: Send
  readonly #into: VmMemory
  readonly #temporary: VmMemory
  readonly #overlays: readonly VmOverlay[]

  constructor(send: Send, into: VmMemory, overlays: readonly VmOverlay[]) {
    this.#send = send
    this.#into = into
    this.#overlays = overlays
    this.#temporary = { ramFile: temporaryName(into.ramFile), stateFile: temporaryName(into.stateFile) }
  }

  async copyMemory(): Promise<void> {}

  async pause(): Promise<void> {
    await this.#send({ command: 'pause' })
  }

  async cutDrives(): Promise<void> {
    for (const { driveIndex, file } of this.#overlays) await this.#send({ command: 'add-layer', driveIndex, file })
  }

  async saveDevices(): Promise<CutFigures> {
    await this.#send({ command: 'save', into: this.#temporary })
    return { copiedBytes: 4096, pausedBytes: 4096, stateBytes: 4096, firstPauseMs: 0 }
  }

  async publish(): Promise<void> {
    await rename(this.#temporary.ramFile, this.#into.ramFile)
    await rename(this.#temporary.stateFile, this.#into.stateFile)
  }

  async cancel(): Promise<void> {
    for (const { ramFile, stateFile } of [this.#temporary, this.#into])
      for (const file of [ramFile, stateFile]) await rm(file, { force: true })
  }
}

import { readFileSync } from 'node:fs'
import { fakeFiles, writeAtomically } from './fake-files.ts'

/** What a pretend VM is told of its drives and its boots, in its folder. */
export interface PretendBoot {
  /** Its boots ask the host whether the work of its lineage's first one may begin. */
  readonly asks: boolean
  /** How often that work was done, by what its root drive shows. */
  readonly timesSetUp: number
  /** Indexes of drives that it may write to. */
  readonly writable: readonly number[]
}

/** Blocks of a drive: one that each boot writes, and the mark of first boots. */
export const bootBlock = 0
export const markBlock = 1000

/** Drives of a pretend machine as its guest writes to them. Nobody else does while it is on. */
export class PretendDrives {
  readonly #folder: string
  readonly #boot: PretendBoot
  #timesSetUp: number

  constructor(folder: string) {
    this.#folder = folder
    this.#boot = JSON.parse(readFileSync(fakeFiles(folder).boot, 'utf8')) as PretendBoot
    this.#timesSetUp = this.#boot.timesSetUp
  }

  get asksAtBoot(): boolean {
    return this.#boot.asks
  }

  get timesSetUp(): number {
    return this.#timesSetUp
  }

  noteBoot(): void {
    for (const index of this.#boot.writable) this.#write(index, bootBlock, Math.floor(Math.random() * 256))
  }

  noteSetUp(): void {
    this.#timesSetUp += 1
    this.#write(0, markBlock, this.#timesSetUp)
  }

  /** What is no pretend drive is left alone. */
  #write(index: number, block: number, byte: number): void {
    const file = (JSON.parse(readFileSync(fakeFiles(this.#folder).overlays, 'utf8')) as string[])[index] ?? ''
    try {
      const drive = JSON.parse(readFileSync(file, 'utf8')) as { blocks?: Record<string, number> }
      if (drive.blocks) writeAtomically(file, JSON.stringify({ ...drive, blocks: { ...drive.blocks, [block]: byte } }), 0o600)
    } catch {}
  }
}

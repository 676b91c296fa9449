import { readFile, stat } from 'node:fs/promises'
import { writeFileAtomically } from '../../disk/files.ts'

/** A pretend drive's file: what was written to this layer, a byte a block of 4 KiB, by block number. */
export interface FakeDrive {
  readonly sizeBytes: number
  readonly blocks: Readonly<Record<string, number>>
}

/** A real image that lies below pretend drives is none, and may be as long as a disk. */
const largestBytes = 2 ** 20

export async function readFakeDrive(file: string): Promise<FakeDrive> {
  if ((await stat(file)).size > largestBytes) throw new Error(`${file} is no pretend drive`)
  return JSON.parse(await readFile(file, 'utf8')) as FakeDrive
}

export async function saveFakeDrive(file: string, drive: FakeDrive): Promise<void> {
  await writeFileAtomically(file, JSON.stringify(drive), 0o600)
}

/** Writes as a guest would; what is no pretend drive is left alone. */
export async function writeFakeDrive(file: string, block: number, byte: number): Promise<void> {
  const drive = await readFakeDrive(file).catch(() => undefined)
  if (drive?.blocks) await saveFakeDrive(file, { ...drive, blocks: { ...drive.blocks, [block]: byte } })
}

/** One block as read through a chain, topmost first. */
export async function readFakeChain(chain: readonly string[], block: number): Promise<number> {
  for (const file of chain) {
    const { blocks } = await readFakeDrive(file)
    if (blocks[block] !== undefined) return blocks[block]
  }
  return 0
}

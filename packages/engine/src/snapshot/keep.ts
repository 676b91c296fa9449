import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { syncFile, syncFolder, temporarySuffix } from '../disk/files.ts'
import { removeTree } from '../disk/remove-tree.ts'
import type { Vm, VmMemory, VmOverlay } from '../vmm/vmm.ts'
import { ramFileName, snapshotFolder, snapshotsFolder, stateFileName } from './snapshot-folder.ts'
import { type MemoryFiles, memoryIn, type TakenMachine } from './snapshot-record.ts'
import { type CutOptions, type CutReport, cut } from './take.ts'

export interface MachineToKeep {
  readonly name: string
  /** In the run. */
  readonly index: number
  readonly vm: Vm
  readonly overlays: readonly VmOverlay[]
}

export interface KeepOptions extends CutOptions {
  /** Names of machines whose memory is not kept; they stop with the others, and their drives are cut at the same instant. */
  readonly without: readonly string[]
}

export interface KeptMemory {
  /** With the files' last names. */
  readonly machines: readonly TakenMachine[]
  readonly bytes: number
  readonly report: CutReport
}

/**
 * Captures the memory of all these machines at one instant into the folder of the snapshot `id`, made under a temporary name. The files are whole but not durable
 * (`syncMemory`). On failure nothing is left, and the machines go on.
 */
export async function keepMemory(
  home: string,
  id: string,
  machines: readonly MachineToKeep[],
  { without, ...options }: KeepOptions,
): Promise<KeptMemory> {
  const folder = snapshotFolder(home, id)
  const temporary = folder + temporarySuffix
  await mkdir(temporary, { recursive: true, mode: 0o700 })
  try {
    const into = (where: string, index: number): VmMemory => ({
      ramFile: join(where, ramFileName(index)),
      stateFile: join(where, stateFileName(index)),
    })
    const report = await cut(
      machines.map(({ name, index, vm, overlays }) => ({ name, vm, overlays, memory: into(temporary, index) })),
      options,
    )
    for (const { name, index } of machines) {
      if (!without.includes(name)) continue
      const { ramFile, stateFile } = into(temporary, index)
      for (const file of [ramFile, stateFile]) await rm(file, { force: true })
    }
    await rename(temporary, folder)
    const kept = machines.filter(({ name }) => !without.includes(name))
    const taken = await Promise.all(kept.map(({ name, index }) => describe(home, { name, memory: into(folder, index) })))
    return {
      machines: taken.map(({ machine }) => machine),
      bytes: taken.reduce((sum, { bytes }) => sum + bytes, 0),
      report,
    }
  } catch (error) {
    // A machine that ended meanwhile is no error here: its owner learns it from `ended`.
    await Promise.all(machines.map(({ vm }) => vm.goOn().catch(() => {})))
    await forgetMemory(home, id)
    throw error
  }
}

export async function forgetMemory(home: string, id: string): Promise<void> {
  const folder = snapshotFolder(home, id)
  await removeTree(folder + temporarySuffix)
  await removeTree(folder)
}

interface Memory {
  readonly name: string
  readonly memory: VmMemory
}

async function describe(home: string, { name, memory }: Memory) {
  const [ram, state] = await Promise.all([stat(memory.ramFile), stat(memory.stateFile)])
  const files = { ramFile: relative(home, memory.ramFile), stateFile: relative(home, memory.stateFile) }
  const machine: TakenMachine = { name, memory: files, stateDigest: await digestOf(memory.stateFile), ramBytes: ram.size }
  return { machine, bytes: (ram.blocks + state.blocks) * 512 }
}

/** Makes a snapshot durable: before that it may not survive a power loss. It keeps the disk busy until all of the memory is written, so it is background work. */
export async function syncMemory(home: string, memories: readonly MemoryFiles[]): Promise<void> {
  const files = memories.map((each) => memoryIn(home, each)).flatMap(({ ramFile, stateFile }) => [ramFile, stateFile])
  for (const file of files) await syncFile(file)
  for (const folder of new Set(files.map((file) => dirname(file)))) await syncFolder(folder)
  await syncFolder(snapshotsFolder(home))
}

/** SHA-256 of a small file. */
export const digestOf = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex')

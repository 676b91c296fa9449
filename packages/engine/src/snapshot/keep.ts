import { createHash } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncFolder, temporarySuffix } from '../host/files.ts'
import type { Vm, VmMemory, VmOverlay } from '../vmm/vmm.ts'
import { ramFileName, snapshotFolder, snapshotsFolder, stateFileName } from './snapshot-folder.ts'
import type { TakenMachine } from './snapshot-record.ts'
import { type CutOptions, type CutReport, cut } from './take.ts'

export interface MachineToKeep {
  readonly name: string
  /** In the run. */
  readonly index: number
  readonly vm: Vm
  readonly overlays: readonly VmOverlay[]
}

export interface KeptMemory {
  /** With the files' last names. */
  readonly machines: readonly TakenMachine[]
  readonly bytes: number
  readonly report: CutReport
  /** Settles when the files survive a loss of the host's power: at once when the machines stay paused, else some time after they go on. */
  readonly durable: Promise<void>
}

/**
 * Takes the memory of all these machines at one instant into the folder of the snapshot `id`, made under a temporary name. On failure nothing of it is left, and the
 * machines run.
 */
export async function keepMemory(
  home: string,
  id: string,
  machines: readonly MachineToKeep[],
  options: CutOptions,
): Promise<KeptMemory> {
  const folder = snapshotFolder(home, id)
  const temporary = folder + temporarySuffix
  await mkdir(temporary, { recursive: true, mode: 0o711 })
  // Passable for the VM's user, who may read the files by their group.
  await chmod(temporary, 0o711)
  try {
    const into = (where: string, index: number): VmMemory => ({
      ramFile: join(where, ramFileName(index)),
      stateFile: join(where, stateFileName(index)),
    })
    const report = await cut(
      machines.map(({ name, index, vm, overlays }) => ({ name, vm, overlays, memory: into(temporary, index) })),
      options,
    )
    const isWaitedFor = options.afterwards === 'stay-paused'
    if (isWaitedFor) await report.kept
    // What is still being written is so to the same files, whatever the folder is called.
    else report.kept.catch(() => {})
    await rename(temporary, folder)
    const memories = machines.map(({ name, index }) => ({ name, memory: into(folder, index) }))
    const durable = syncAll(home, memories)
    if (isWaitedFor) await durable
    else durable.catch(() => {})
    const taken = await Promise.all(memories.map(describe))
    return {
      machines: taken.map(({ machine }) => machine),
      bytes: taken.reduce((sum, { bytes }) => sum + bytes, 0),
      report,
      durable,
    }
  } catch (error) {
    // What paused them is over; a machine that ended meanwhile is its owner's business, who is told by `ended`.
    await Promise.all(machines.map(({ vm }) => vm.goOn().catch(() => {})))
    await forgetMemory(home, id)
    throw error
  }
}

export async function forgetMemory(home: string, id: string): Promise<void> {
  const folder = snapshotFolder(home, id)
  await rm(folder + temporarySuffix, { recursive: true, force: true })
  await rm(folder, { recursive: true, force: true })
}

interface Memory {
  readonly name: string
  readonly memory: VmMemory
}

async function describe({ name, memory }: Memory) {
  const [ram, state] = await Promise.all([stat(memory.ramFile), stat(memory.stateFile)])
  const machine: TakenMachine = { name, memory, stateDigest: await digestOf(memory.stateFile), ramBytes: ram.size }
  return { machine, bytes: (ram.blocks + state.blocks) * 512 }
}

async function syncAll(home: string, memories: readonly Memory[]): Promise<void> {
  const files = memories.flatMap(({ memory }) => [memory.ramFile, memory.stateFile])
  await Promise.all(files.map(syncFile))
  for (const folder of new Set(files.map((file) => dirname(file)))) await syncFolder(folder)
  await syncFolder(snapshotsFolder(home))
}

/** Of a small file. */
export const digestOf = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex')

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

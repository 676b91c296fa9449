import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { writeFileForThisBoot } from '../disk/files.ts'
import type { KernelPack } from '../image/cache/artefact.ts'
import type { Vm } from '../vmm/vmm.ts'
import { machineFolder } from './run-folder.ts'

/** Name of the kernel pack that a machine was started with, in root's folder of it: a newer pack may have been built since, and what its VM says of itself is not to be trusted. */
const packFile = (home: string, runId: string, machineIndex: number) =>
  join(machineFolder(home, runId, machineIndex), 'kernel-pack')

/** To be called before its VM starts. */
export async function noteKernelPack(home: string, runId: string, machineIndex: number, { folder }: KernelPack): Promise<void> {
  await writeFileForThisBoot(packFile(home, runId, machineIndex), basename(folder))
}

/** Of a machine that is on. One that an older version started has no such record: its last drive holds the modules. */
export async function bootedKernelPack(home: string, runId: string, machineIndex: number, vm: Vm): Promise<string> {
  const noted = await readFile(packFile(home, runId, machineIndex), 'utf8').catch(() => undefined)
  return noted ?? basename(dirname((await vm.overlayFiles()).at(-1) ?? ''))
}

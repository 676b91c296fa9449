import { chmod, lchown, link, lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { vmFailed } from '@ramet/model/errors/errors.ts'
import { takeFolder } from '../../disk/take-folder.ts'
import type { BlockSource, VmSpec } from '../vmm.ts'
import { migrationName, vmFiles } from './vm-files.ts'
import type { VmJail } from './vm-record.ts'

/** Files of a VM by what it may do with them. */
export interface VmFileRights {
  readonly write: readonly string[]
  /** Read, and made by VMs once: none may have kept a way to write to them. */
  readonly sealed: readonly string[]
  readonly read: readonly string[]
}

/** Pure: the topmost file of each drive that is not read-only is written, everything else is read. No file is in two of the lists. */
export function fileRights({
  drives,
  kernel,
  initrd,
  resume,
}: Pick<VmSpec, 'drives' | 'kernel' | 'initrd' | 'resume'>): VmFileRights {
  const write = drives.flatMap(({ source, readOnly }) => (readOnly ? [] : filesOf(source).slice(0, 1)))
  const layers = drives.flatMap(({ source }) => (source.kind === 'qcow2-chain' ? source.files : []))
  const sealed = [...new Set([...layers, ...(resume ? [resume.ramFile] : [])])].filter((file) => !write.includes(file))
  const all = [...drives.flatMap(({ source }) => filesOf(source)), kernel, initrd]
  return { write, sealed, read: [...new Set(all)].filter((file) => !write.includes(file) && !sealed.includes(file)) }
}

const filesOf = (source: BlockSource): readonly string[] => (source.kind === 'raw-file' ? [source.file] : source.files)

/**
 * Prepares what a VM sees: its folder `own` with links to the files that it writes, which become those of its user, and the rest to be read one by one. Inside, `own`
 * stands under the name of the folder that the drives' files are in: so a file has one name everywhere.
 */
export async function layOut(spec: VmSpec, uid: number): Promise<{ readonly jail: VmJail } & Omit<VmFileRights, 'write'>> {
  const { own, root } = vmFiles(spec.folder)
  await takeFolder(spec.folder)
  await takeBack(spec.folder)
  for (const folder of [own, root]) {
    await mkdir(folder, { recursive: true })
    await chmod(folder, 0o711)
  }
  const { write, sealed, read } = fileRights(spec)
  const inside = dirname(write[0] ?? join(own, '-'))
  if (write.some((file) => dirname(file) !== inside)) throw vmFailed(spec.machine, 'its drives are in several folders.')
  await takeFolder(inside)
  const jail = { uid, inside, ramMiB: spec.ramMiB }
  for (const file of write) await give(spec.folder, jail, file)
  for (const file of [...sealed, ...read]) await makeReadable(file, file === spec.initrd ? uid : undefined)
  const isLinked = (file: string) => dirname(file) === inside
  for (const file of [...sealed, ...read].filter(isLinked)) await link(file, join(own, basename(file)))
  const others = (files: readonly string[]) => files.filter((file) => !isLinked(file))
  return { jail, sealed: others(sealed), read: others(read) }
}

/** Gives a file to a VM that sees it from now on. */
export async function give(folder: string, { uid, inside }: Pick<VmJail, 'uid' | 'inside'>, file: string): Promise<void> {
  if (dirname(file) !== inside) throw new Error(`${file} is not in the folder of the VM's drives`)
  await mustBeFile(file)
  await lchown(file, uid, uid)
  await chmod(file, 0o600)
  await link(file, join(vmFiles(folder).own, basename(file)))
}

/** After a VM's end: its files belong to root again, and nothing of them is left in its folder. */
export async function takeBack(folder: string): Promise<void> {
  const { own } = vmFiles(folder)
  for (const name of await readdir(own).catch((): string[] => [])) {
    const file = join(own, name)
    const { uid } = await lstat(file)
    if (uid !== 0) await lchown(file, 0, 0)
    // Whose it was may have changed this too.
    if (uid !== 0 && name !== migrationName) await chmod(file, 0o600)
    await rm(file, { force: true })
  }
}

/** Only root passes the folders above, so that others than the VM it is shown to read nothing by this. The initramfs has keys of its run and is shown to its user alone. */
async function makeReadable(file: string, onlyUid: number | undefined): Promise<void> {
  const { mode } = await mustBeFile(file)
  if (onlyUid !== undefined) {
    await lchown(file, onlyUid, onlyUid)
    await chmod(file, 0o400)
  } else if ((mode & 0o004) === 0) await chmod(file, 0o444)
}

async function mustBeFile(file: string): Promise<{ readonly mode: number }> {
  const found = await lstat(file)
  if (!found.isFile()) throw new Error(`${file} is no file`)
  return found
}

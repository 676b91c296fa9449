import { mkdir, rm, statfs, writeFile } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { RametError } from '@ramet/model/errors/error.ts'
import { missingProgram, noSpace } from '@ramet/model/errors/errors.ts'
import { ProcessFailed, run } from '../process/run-process.ts'
import type { Disks, LayerFile } from './disk.ts'
import { openDrive } from './drive-file.ts'
import { qemuImgOptions, writeEmptyQcow2 } from './empty-qcow2.ts'
import { temporaryName } from './files.ts'
import { type Formattable, makeFormattedRaw } from './formatted-disk.ts'
import { HeldFolder, inFolderOf, lookAt } from './held-folder.ts'
import { type Patch, partitionTable } from './partition-table.ts'
import { boxedQemuImg, driveInBox, rightsToRead } from './qemu-img-box.ts'
import { asSpaceError } from './space.ts'
import type { VmUser } from './vm-user.ts'

/** Least free space for a new overlay. It takes some KiB itself, but with less the guest would soon stop in the middle of a write. */
export const wantedFreeBytes = 64 * 1024 * 1024

/** Makes and checks files of drives. `owner`: the user that QEMU runs as. */
export function qemuDisks(owner: VmUser): Disks {
  return {
    async makeOverlay(file, on, sizeBytes) {
      mustCover(on, sizeBytes)
      // No backing name in the header, as the graph is always given explicitly; QEMU 7.2 then reads through to the given `backing` node.
      await makeWhole(file, owner, async (folder, temporary) => {
        await using made = await folder.create(temporary, 0o600)
        await writeEmptyQcow2(made, sizeBytes)
      })
    },

    makeFormatted: (file, sizeBytes, filesystem) =>
      makeWhole(file, owner, (folder, temporary) => makeFormatted(folder, temporary, sizeBytes, filesystem)),

    async makePartitioned(file, on, sizeBytes, table) {
      mustCover(on, sizeBytes)
      await makeWhole(file, owner, async (folder, temporary) => {
        await using made = await folder.create(temporary, 0o600)
        await writeEmptyQcow2(made, sizeBytes)
        // Named by the file, so that no two drives of an installation have the same identifiers.
        await patch(folder, temporary, partitionTable(table, sizeBytes, basename(file)))
      })
    },

    async exists(file) {
      return lookAt(file).then(
        (found) => found.isFile(),
        () => false,
      )
    },

    async bytes(file) {
      return Number((await lookAt(file)).blocks) * 512
    },

    check,

    async makeVmFolder(path) {
      await mkdir(path, { recursive: true })
      await using folder = await HeldFolder.open(path)
      await folder.chown(owner.uid, owner.gid)
      await folder.chmod(0o750)
    },
  }
}

/** Whole or not at all: `fill` makes the file under the temporary name that it gets. Throws `no_space`. */
async function makeWhole(
  path: string,
  { uid, gid }: VmUser,
  fill: (folder: HeldFolder, temporary: string) => Promise<void>,
): Promise<void> {
  if (!isAbsolute(path)) throw new Error(`not an absolute path: ${path}`)
  await checkSpace(dirname(path))
  await inFolderOf(path, async (folder, name) => {
    const temporary = temporaryName(name)
    try {
      await fill(folder, temporary)
      await using file = await folder.file(temporary, 'read')
      await file.chown(uid, gid)
      await file.chmod(0o600)
      await publish(temporary, name, folder)
    } catch (error) {
      await folder.unlink(temporary)
      throw asSpaceError(await qemuImgError(error, folder.path), folder.path)
    }
  })
}

function mustCover(on: LayerFile | undefined, sizeBytes: number): void {
  if (on && sizeBytes < on.sizeBytes)
    throw new Error(`an overlay of ${sizeBytes} bytes would cut off its layer of ${on.sizeBytes}`)
}

/** Writes into a new overlay, by whole blocks of 4 KiB. As below, the folder is root's, and nothing that a guest wrote is read. */
async function patch(folder: HeldFolder, temporary: string, patches: readonly Patch[]): Promise<void> {
  for (const { at, bytes } of patches) {
    const from = join(folder.path, temporaryName('patch'))
    try {
      await writeFile(from, bytes, { flag: 'wx', mode: 0o600 })
      await run(['qemu-io', '-f', 'qcow2', '-c', `write -q -s ${from} ${at} ${bytes.length}`, join(folder.path, temporary)])
    } finally {
      await rm(from, { force: true })
    }
  }
}

/** Names are used here, and programs run as root: the folder is root's, and nothing that a guest wrote is read. */
async function makeFormatted(folder: HeldFolder, temporary: string, sizeBytes: number, filesystem: Formattable): Promise<void> {
  const [raw, made] = [join(folder.path, temporaryName('formatted')), join(folder.path, temporary)]
  try {
    await makeFormattedRaw(raw, sizeBytes, filesystem)
    await run(['qemu-img', 'convert', '-q', '-f', 'raw', '-O', 'qcow2', '-o', qemuImgOptions, raw, made])
    // What is zero becomes a hole.
    await run(['fallocate', '--dig-holes', made])
  } finally {
    await rm(raw, { force: true })
  }
}

/** Makes a finished file durable under its name; replaces a file of that name. */
export async function publish(temporary: string, name: string, folder: HeldFolder): Promise<void> {
  await using file = await folder.file(temporary, 'read')
  await file.sync()
  await folder.rename(temporary, name)
  await folder.sync()
}

/** Throws `no_space` when less is free than is needed. */
export async function checkSpace(folder: string, neededBytes = wantedFreeBytes): Promise<void> {
  const freeBytes = await freeIn(folder)
  if (freeBytes < neededBytes) throw noSpace(folder, neededBytes, freeBytes)
}

async function freeIn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** Says what a failed qemu-img means; returns any other error as it is. `folder`: where it writes, named when the disk is full. */
export async function qemuImgError(error: unknown, folder: string): Promise<unknown> {
  if (error instanceof ProcessFailed) {
    if (/qemu-img: No such file|is not installed/.test(`${error.stderr} ${error.message}`))
      return missingProgram('qemu-img', 'qemu-utils')
    if (/No space left on device/.test(error.stderr)) return noSpace(folder, wantedFreeBytes, await freeIn(folder))
  }
  return error
}

interface CheckReport {
  readonly 'check-errors'?: number
  readonly corruptions?: number
  readonly leaks?: number
}

/** Exit codes of `qemu-img check` (qemu-img(1)): 0 clean, 1 could not be done, 2 corruptions, 3 leaked clusters. */
async function check(path: string): Promise<string[]> {
  try {
    await using file = (await openDrive(path)).file
    const args = ['check', '-U', '-f', 'qcow2', '--output=json', driveInBox(0)]
    const { stdout } = await boxedQemuImg(args, [file], await rightsToRead([file]), { okCodes: [0, 2, 3], timeoutMs: 600_000 })
    const report = JSON.parse(stdout) as CheckReport
    const findings = [
      [report.corruptions ?? 0, 'places are corrupt'],
      [report.leaks ?? 0, 'clusters are allocated but not used'],
      [report['check-errors'] ?? 0, 'places could not be checked'],
    ] as const
    return findings.filter(([count]) => count > 0).map(([count, what]) => `${path}: ${count} ${what}`)
  } catch (error) {
    if (error instanceof RametError && !(error instanceof ProcessFailed)) return [`${path}: cannot be checked: ${error.message}`]
    if (error instanceof ProcessFailed && error.exitCode === 1) return [`${path}: cannot be checked: ${error.stderr.trim()}`]
    throw error
  }
}

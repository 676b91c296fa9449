import { chmod, copyFile, mkdir, rename, stat } from 'node:fs/promises'
import type { Disks } from '../disk/disk.ts'
import { temporaryName, writeFileAtomically } from '../host/files.ts'

/** Drives that are small text files. */
export const fakeDisks: Disks = {
  async makeTop(file, on, sizeBytes) {
    await writeFileAtomically(file, JSON.stringify({ on: on?.file, sizeBytes }), 0o600)
  },
  exists: (file) =>
    stat(file).then(
      () => true,
      () => false,
    ),
  async bytes(file) {
    return (await stat(file)).blocks * 512
  },
  async check(file) {
    await stat(file)
    return []
  },
  async makeVmFolder(folder) {
    await mkdir(folder, { recursive: true })
  },
}

/** Copies an image's file to a layer. Returns the bytes on disk. */
export async function fakeImportLayer(from: string, to: string): Promise<number> {
  const temporary = temporaryName(to)
  await copyFile(from, temporary)
  await chmod(temporary, 0o440)
  await rename(temporary, to)
  return fakeDisks.bytes(to)
}

import { chmod, copyFile, mkdir, rename, stat } from 'node:fs/promises'
import type { Disks } from '../../disk/disk.ts'
import { temporaryName } from '../../disk/files.ts'
import type { SealedFile } from '../../disk/layer-store.ts'
import { sealedFile } from '../../disk/sealed-file.ts'
import { saveFakeDrive } from './fake-drive.ts'

/** Drives that are small text files. */
export const fakeDisks: Disks = {
  async makeOverlay(file, _on, sizeBytes) {
    await saveFakeDrive(file, { sizeBytes, blocks: {} })
  },
  makeFormatted: (file, sizeBytes) => saveFakeDrive(file, { sizeBytes, blocks: {} }),
  makePartitioned: (file, _on, sizeBytes) => saveFakeDrive(file, { sizeBytes, blocks: {} }),
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

/** Copies an image's file to a layer. */
export async function fakeImportLayer(from: string, to: string): Promise<SealedFile> {
  const temporary = temporaryName(to)
  await copyFile(from, temporary)
  await chmod(temporary, 0o440)
  await rename(temporary, to)
  return sealedFile(to)
}

import { RametError } from '@ramet/model/errors/error.ts'
import { ProcessFailed } from '../process/run-process.ts'
import { openDrive } from './drive-file.ts'
import { boxedQemuImg, driveInBox, rightsToRead } from './qemu-img-box.ts'

/**
 * Checks a qcow2 file with qemu-img and returns a sentence for each fault, none when it is sound. It only reads, and with `-U` (it takes and checks no locks), so that it never keeps a
 * VM from opening its file. The answer means nothing if a VM began to write to the file meanwhile: the caller checks that afterwards.
 * `sizeBytes`: the expected virtual size.
 */
export async function checkQcow2(path: string, sizeBytes: number): Promise<string[]> {
  try {
    const { file, header } = await openDrive(path)
    await using _ = file
    if (header.sizeBytes !== sizeBytes) return [`it has ${header.sizeBytes} bytes inside, ${sizeBytes} are written down`]
    // Exit codes of `qemu-img check` (qemu-img(1)): 0 clean, 2 corruptions, 3 leaked clusters.
    const args = ['check', '-U', '-f', 'qcow2', '--output=json', driveInBox(0)]
    const { stdout } = await boxedQemuImg(args, [file], await rightsToRead([file]), { okCodes: [0, 2, 3], timeoutMs: 600_000 })
    const report = JSON.parse(stdout) as { corruptions?: number; 'check-errors'?: number }
    // `leaks` are no fault: a QEMU that was killed leaves allocated clusters unused, which only costs space.
    return [
      ...(report.corruptions ? [`${report.corruptions} places inside are corrupt`] : []),
      ...(report['check-errors'] ? [`${report['check-errors']} places inside cannot be checked`] : []),
    ]
  } catch (error) {
    if (error instanceof ProcessFailed && error.exitCode !== null)
      return [`it cannot be read: ${error.stderr.trim().split('\n')[0]}`]
    if (error instanceof RametError && !(error instanceof ProcessFailed)) return [`it cannot be read: ${error.message}`]
    throw error
  }
}

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { missingProgram } from '@ramet/model/errors/errors.ts'
import type { HostStamp } from '../../snapshot/stamp.ts'
import type { Accelerator } from '../vmm.ts'

/** Hashes the QEMU program: a rebuilt package of the same version may have another layout of device state. 20 MB, 60 ms. */
export async function hostStamp(accelerator: Accelerator, qemu = 'qemu-system-x86_64'): Promise<HostStamp> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(await pathOf(qemu))) hash.update(chunk as Buffer)
  return { cpu: cpuOf(accelerator, await readFile('/proc/cpuinfo', 'utf8')), vmm: `qemu ${hash.digest('hex')}` }
}

/** Describes accelerator, model and flags of the first CPU; pure. It ignores frequencies and the order of flags. */
export function cpuOf(accelerator: Accelerator, cpuinfo: string): string {
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(cpuinfo)?.[1] ?? ''
  const flags = createHash('sha256').update(field('flags').split(' ').toSorted().join(' ')).digest('hex')
  return `${accelerator} ${field('model name')} ${flags}`
}

async function pathOf(program: string): Promise<string> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, program)
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path
  }
  throw missingProgram(program, 'qemu-system-x86')
}

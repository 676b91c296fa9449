import { access, constants } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'

/** Where Debian puts programs. The PATH of a service or of sudo may lack the sbin folders, which the engine needs. */
const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** Returns the path of an installed program by its name, or of what else a package brings by its path; undefined when there is none. */
export async function findProgram(program: string): Promise<string | undefined> {
  const path = isAbsolute(program)
    ? ['/']
    : [...(process.env.PATH ?? '').split(':').filter((folder) => folder !== ''), ...folders]
  for (const folder of path) {
    const file = join(folder, program)
    const found = await access(file, isAbsolute(program) ? constants.R_OK : constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return file
  }
  return undefined
}

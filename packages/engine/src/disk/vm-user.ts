import { ProcessFailed, run } from '../process/run-process.ts'

/** The unprivileged user that VMs run as. */
export interface VmUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Files of runs that are off. While a run is on, its Vmm gives its drives to the run's user. */
export const root: VmUser = { name: 'root', uid: 0, gid: 0 }

/** Finds the system user, or creates it with its own group, no home and no login. Creating it needs root. */
export async function ensureVmUser(name = 'ramet'): Promise<VmUser> {
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(name)) throw new Error(`not a user name: ${name}`)
  const found = await findUser(name)
  if (found) return found
  try {
    await run([
      'useradd',
      '--system',
      '--user-group',
      '--no-create-home',
      '--home-dir',
      '/nonexistent',
      '--shell',
      '/usr/sbin/nologin',
      name,
    ])
  } catch (error) {
    // 9: the user exists (useradd(8)); a second server that started at the same time was faster.
    if (!(error instanceof ProcessFailed) || error.exitCode !== 9) throw error
  }
  const made = await findUser(name)
  if (!made) throw new Error(`the user ${name} was made but is not there`)
  return made
}

/** Looks the user up in every source that the host has. getent(1) exits with 2 when it is not found. */
async function findUser(name: string): Promise<VmUser | undefined> {
  const { code, stdout } = await run(['getent', 'passwd', name], { okCodes: [0, 2] })
  const [, , uid, gid] = stdout.trim().split(':')
  return code === 0 ? { name, uid: Number(uid), gid: Number(gid) } : undefined
}

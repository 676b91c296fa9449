import { ProcessFailed, run } from '../process/run-process.ts'

/** The unprivileged user that VMs run as. */
export interface VmUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Finds the system user, or makes it with a group of its own, no home and no login. Needs root to make it. */
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
    // 9: somebody was faster (useradd(8)), a second server that starts at the same time.
    if (!(error instanceof ProcessFailed) || error.exitCode !== 9) throw error
  }
  const made = await findUser(name)
  if (!made) throw new Error(`the user ${name} was made but is not there`)
  return made
}

/** getent asks every source of users the host has; 2: not found (getent(1)). */
async function findUser(name: string): Promise<VmUser | undefined> {
  const { code, stdout } = await run(['getent', 'passwd', name], { okCodes: [0, 2] })
  const [, , uid, gid] = stdout.trim().split(':')
  return code === 0 ? { name, uid: Number(uid), gid: Number(gid) } : undefined
}

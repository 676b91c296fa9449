import { chmod, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { writeFileAtomically } from '@ramet/engine'
import { RametError } from '@ramet/model/errors/error.ts'

/** Socket paths below a run's folder must fit into 107 bytes (unix(7)); what we add to the home's path takes 56. */
const longestHome = 48

/**
 * Makes and locks RAMET_HOME. What runs are made of is root's alone (0700): each VM is shown its own files.
 * The lock is SQLite's own on a file of its own: released by the kernel however the server ends. Throws `home_in_use`.
 */
export async function openHome(home: string): Promise<Disposable> {
  if (home.length > longestHome) {
    throw new RametError('home_path_too_long', 400, `The path ${home} is too long for the sockets below it.`, {
      hint: `Choose a RAMET_HOME of at most ${longestHome} characters.`,
    })
  }
  for (const [folder, mode] of [
    ['', 0o711],
    ['secrets', 0o700],
    ['run', 0o711],
    ['layers', 0o700],
    ['runs', 0o700],
    ['snapshots', 0o700],
  ] as const) {
    await mkdir(join(home, folder), { recursive: true }).catch((error) => {
      throw new RametError(
        'home_not_writable',
        500,
        `Cannot make the folder ${join(home, folder)}: ${(error as Error).message}`,
        { hint: 'Run as root, or choose another RAMET_HOME.' },
      )
    })
    await chmod(join(home, folder), mode)
  }
  const lock = new DatabaseSync(join(home, 'run', 'lock.sqlite'), { timeout: 0 })
  try {
    lock.exec('begin exclusive')
  } catch (error) {
    lock.close()
    if (!/locked/.test((error as Error).message)) throw error
    throw new RametError('home_in_use', 409, `Another server is running on ${home}.`, {
      hint: 'Stop it first, or give this one a home and a port of its own: RAMET_HOME=… RAMET_PORT=… npm start',
    })
  }
  return { [Symbol.dispose]: () => lock.close() }
}

/** Writes the file by which the CLI on this machine finds the server. */
export async function publishServer(home: string, endpoint: string): Promise<void> {
  await writeFileAtomically(join(home, 'run', 'server.json'), JSON.stringify({ endpoint, pid: process.pid }))
}

export async function saveCliToken(home: string, token: string): Promise<void> {
  await writeFileAtomically(join(home, 'secrets', 'cli-token'), token, 0o600)
}

/** True when the host was rebooted since the last call for this home, so that all its VMs are gone. Records this boot. */
export async function hostWasRebooted(home: string): Promise<boolean> {
  const file = join(home, 'run', 'boot-id')
  const now = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
  const before = await readFile(file, 'utf8').catch(() => now)
  await writeFileAtomically(file, now)
  return before !== now
}

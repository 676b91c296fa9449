import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { RametError } from '@ramet/model/errors/error.ts'
import { z } from 'zod'

const schema = z.object({
  /** The server that is asked when none is named. */
  current: z.string().optional(),
  servers: z.record(z.string(), z.object({ token: z.string() })),
})
/** Servers that `ramet login URL` was let in by. */
export type Logins = z.infer<typeof schema>

export const loginsFile = (env: NodeJS.ProcessEnv): string =>
  join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'), 'ramet', 'servers.json')

/** None when there is no file. Throws `damaged_file`. */
export async function readLogins(env: NodeJS.ProcessEnv): Promise<Logins> {
  const file = loginsFile(env)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch {
    return { servers: {} }
  }
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new RametError('damaged_file', 500, `${file} cannot be understood.`, { hint: 'Remove it and log in again.', cause })
  }
}

/** For the user's eyes alone, and whole or not at all. */
export async function writeLogins(env: NodeJS.ProcessEnv, logins: Logins): Promise<void> {
  const file = loginsFile(env)
  const folder = join(file, '..')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const written = `${file}.${process.pid}`
  await writeFile(written, `${JSON.stringify(logins, null, 2)}\n`, { mode: 0o600 })
  await chmod(written, 0o600)
  await rename(written, file)
}

/** With a server more, which is the current one from now on. */
export const withLogin = ({ servers }: Logins, endpoint: string, token: string): Logins => ({
  current: endpoint,
  servers: { ...servers, [endpoint]: { token } },
})

export function withoutLogin({ current, servers }: Logins, endpoint: string): Logins {
  const { [endpoint]: _, ...rest } = servers
  return { ...(current === undefined || current === endpoint ? {} : { current }), servers: rest }
}

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RametError } from '@ramet/model/errors/error.ts'
import { invalidInput, unreachableServer } from '@ramet/model/errors/errors.ts'
import { readLogins } from './logins.ts'

export interface ServerAddress {
  readonly endpoint: string
  readonly token: string | undefined
  /** The home whose server it is; undefined when it was named by flag or environment. */
  readonly home: string | undefined
}

export interface ServerFlags {
  readonly endpoint?: string | undefined
  readonly token?: string | undefined
}

export const homeOf = (env: NodeJS.ProcessEnv): string => env.RAMET_HOME || '/var/lib/ramet'

/**
 * Finds the server and credentials: from flags, then RAMET_ENDPOINT and RAMET_TOKEN, then the files of RAMET_HOME's server if that is set, then the last `ramet login URL`, then this
 * machine's own server. A token is only ever sent to the server that it is of. Throws `server_unreachable` when no server was named or started.
 */
export async function findServer(flags: ServerFlags, env: NodeJS.ProcessEnv): Promise<ServerAddress> {
  const home = homeOf(env)
  const named = flags.endpoint ?? (env.RAMET_ENDPOINT || undefined)
  const token = flags.token ?? (env.RAMET_TOKEN || undefined)
  if (named !== undefined) {
    const endpoint = checkedEndpoint(named)
    if (token !== undefined) return { endpoint, token, home: undefined }
    const own = await endpointOf(home).catch(() => undefined)
    const kept = (await readLogins(env)).servers[endpoint]?.token
    return { endpoint, token: own === endpoint ? await tokenOf(home) : kept, home: undefined }
  }
  if (!env.RAMET_HOME) {
    const { current, servers } = await readLogins(env)
    if (current !== undefined) return { endpoint: current, token: token ?? servers[current]?.token, home: undefined }
  }
  const endpoint = await endpointOf(home)
  if (endpoint === undefined) throw unreachableServer(home)
  return { endpoint, token: token ?? (await tokenOf(home)), home }
}

/** The origin of a server's address. Throws `invalid_input`. */
export function checkedEndpoint(text: string): string {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw invalidInput(`${text} is no address of a server.`, undefined, 'It looks like http://127.0.0.1:8420.')
  }
  return url.origin
}

async function endpointOf(home: string): Promise<string | undefined> {
  const path = join(home, 'run/server.json')
  const text = await readOr(path)
  if (text === undefined) return undefined
  try {
    return checkedEndpoint((JSON.parse(text) as { endpoint: string }).endpoint)
  } catch (cause) {
    throw new RametError('damaged_file', 500, `${path} cannot be understood.`, {
      hint: 'Start the server again: npm start',
      cause,
    })
  }
}

const tokenOf = async (home: string) => (await readOr(join(home, 'secrets/cli-token')))?.trim()

/** Undefined when there is no such file. */
async function readOr(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new RametError('unreadable_home', 403, `${path} cannot be read (${code}).`, {
      hint: 'Run this as the user who runs the server (root), or log in: ramet login URL',
      cause,
    })
  }
}

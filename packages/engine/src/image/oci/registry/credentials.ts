import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { dockerHub } from '@ramet/model/units/image-reference.ts'
import { run } from '../../../process/run-process.ts'

export interface Credentials {
  readonly user: string
  readonly password: string
}

export type FindCredentials = (host: string) => Promise<Credentials | undefined>

/** Docker Hub's name in Docker's own files. */
const hubKey = 'https://index.docker.io/v1/'

/**
 * What `docker login` left on this host: `config.json` of DOCKER_CONFIG or ~/.docker, with its helpers (docker-credential-NAME, which Docker's
 * documentation describes under "Credential helpers"). Undefined when there is nothing for that host; a broken file or helper is nothing too.
 */
export const dockerCredentials: FindCredentials = async (host) => {
  const folder = process.env.DOCKER_CONFIG ?? join(homedir(), '.docker')
  let config: { auths?: Record<string, { auth?: unknown }>; credHelpers?: Record<string, unknown>; credsStore?: unknown }
  try {
    config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
  } catch {
    return undefined
  }
  const keys = host === dockerHub ? [hubKey, 'docker.io', 'index.docker.io'] : [host, `https://${host}`, `https://${host}/`]
  const helper = keys.map((key) => config.credHelpers?.[key]).find((each) => each !== undefined) ?? config.credsStore
  const server = keys[0] as string
  if (typeof helper === 'string') {
    const found = await fromHelper(helper, server)
    if (found) return found
  }
  const auth = keys.map((key) => config.auths?.[key]?.auth).find((each) => typeof each === 'string' && each !== '')
  return typeof auth === 'string' ? parseBasic(Buffer.from(auth, 'base64').toString()) : undefined
}

/** `user:password`; a password may contain colons. */
export function parseBasic(text: string): Credentials | undefined {
  const colon = text.indexOf(':')
  return colon < 1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

async function fromHelper(helper: string, server: string): Promise<Credentials | undefined> {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(helper)) return undefined
  try {
    const { stdout } = await run([`docker-credential-${helper}`, 'get'], {
      stdin: server,
      timeoutMs: 20_000,
      env: { HOME: homedir() },
    })
    const { Username, Secret } = JSON.parse(stdout) as { Username?: unknown; Secret?: unknown }
    // The helper gives an identity token under this name, which is for OAuth and not for a password.
    if (typeof Username !== 'string' || typeof Secret !== 'string' || Username === '<token>') return undefined
    return { user: Username, password: Secret }
  } catch {
    return undefined
  }
}

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomically } from '@ramet/engine'
import { readCookie, secureCookieName } from '../access/cookie.ts'

/** Who was let into a private port, and by which login: it is asked for each time whether that still stands. */
export interface PortPass {
  readonly portId: string
  /** SHA-256 of the token of the login, hex. */
  readonly loginHash: string
}

export const passSeconds = 7 * 24 * 3600

const cookieName = 'ramet_port'

/** The key that signs passes, so that they outlive a restart; made at the first call. */
export async function openPortKey(home: string): Promise<Buffer> {
  const file = join(home, 'secrets', 'port-key')
  const kept = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (kept?.length === 32) return kept
  const made = randomBytes(32)
  await writeFileAtomically(file, made, 0o600)
  return made
}

/** The cookie's text. It says nothing that its browser does not know, and is good at one port alone. */
export function writePass(key: Buffer, { portId, loginHash }: PortPass, now = Date.now()): string {
  const said = `${portId}.${loginHash}.${Math.floor(now / 1000) + passSeconds}`
  return `${said}.${signature(key, said)}`
}

export function readPass(key: Buffer, text: string, now = Date.now()): PortPass | undefined {
  const [, said = '', portId = '', loginHash = '', until = '', signed = ''] =
    /^(([0-9a-f]{24})\.([0-9a-f]{64})\.(\d{1,12}))\.([\w-]{43})$/.exec(text) ?? []
  if (said === '' || !timingSafeEqual(Buffer.from(signed), Buffer.from(signature(key, said)))) return undefined
  return Number(until) * 1000 > now ? { portId, loginHash } : undefined
}

/** Lax: a link from anywhere leads in, as to any page; what else others' pages ask is refused by where it comes from. */
export const setPass = (pass: string, isHttps: boolean): string =>
  `${isHttps ? secureCookieName(cookieName) : cookieName}=${pass}; Max-Age=${passSeconds}; Path=/; HttpOnly; SameSite=Lax${isHttps ? '; Secure' : ''}`

export const passIn = (cookies: string): string | undefined =>
  readCookie(cookies, secureCookieName(cookieName)) ?? readCookie(cookies, cookieName)

/** Cookies of this server, in any spelling: a guest gets none, and sets none. */
export const isOwnCookie = (name: string): boolean => /^(__(host|secure)-)?(ramet_|\.ixcondsess)/i.test(name.trim())

const signature = (key: Buffer, said: string): string => createHmac('sha256', key).update(said).digest('base64url')

import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { makeKeyPair } from './keys.ts'
import { field, mpint } from './ssh-fields.ts'

/** Those that `ssh-keygen -A` makes (ssh-keygen(1)). */
export const hostKeyTypes = ['rsa', 'ecdsa', 'ed25519'] as const
export type HostKeyType = (typeof hostKeyTypes)[number]

/** A key of an image's own ssh server, as its two files have it. */
export interface HostKey {
  readonly type: HostKeyType
  readonly privateKey: string
  /** With a line end. */
  readonly publicKey: string
}

const comment = 'root@ramet'
const rsaBits = 3072

const line = (type: string, ...fields: Buffer[]) =>
  `${type} ${Buffer.concat([field(type), ...fields]).toString('base64')} ${comment}\n`

async function rsa(): Promise<HostKey> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: rsaBits })
  const { e, n } = publicKey.export({ format: 'jwk' })
  return {
    type: 'rsa',
    privateKey: String(privateKey.export({ format: 'pem', type: 'pkcs1' })),
    publicKey: line('ssh-rsa', mpint(e), mpint(n)),
  }
}

async function ecdsa(): Promise<HostKey> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  // RFC 5656, section 3.1: the point uncompressed (SEC 1, 2.3.3).
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
  return {
    type: 'ecdsa',
    privateKey: String(privateKey.export({ format: 'pem', type: 'sec1' })),
    publicKey: line('ecdsa-sha2-nistp256', field('nistp256'), field(point)),
  }
}

async function ed25519(): Promise<HostKey> {
  const { privateKey, publicKey } = await makeKeyPair(comment)
  return { type: 'ed25519', privateKey, publicKey: `${publicKey}\n` }
}

const make = { rsa, ecdsa, ed25519 } as const satisfies Record<HostKeyType, () => Promise<HostKey>>

/** Makes a key on the host: an RSA key needs a second or two of a core here, and many times that in a guest without KVM. */
export const makeHostKeys = (types: readonly HostKeyType[]): Promise<HostKey[]> => Promise.all(types.map((type) => make[type]()))

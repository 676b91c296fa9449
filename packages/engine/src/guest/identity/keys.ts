import { generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { uint32 } from '../uint32.ts'
import { field } from './ssh-fields.ts'

const type = 'ssh-ed25519'
/** Padding goes up to the block size of the cipher, which is 8 for `none` (OpenSSH's PROTOCOL.key). */
const blockSize = 8

/** The key file of OpenSSH, unencrypted (PROTOCOL.key): public key, then the private one twice-checked, padded 1, 2, 3… */
function privatePem(seed: Buffer, publicKey: Buffer, comment: string): string {
  const check = randomBytes(4)
  const secret = Buffer.concat([
    check,
    check,
    field(type),
    field(publicKey),
    field(Buffer.concat([seed, publicKey])),
    field(comment),
  ])
  const padding = Buffer.from(Array.from({ length: (blockSize - (secret.length % blockSize)) % blockSize }, (_, at) => at + 1))
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field('none'),
    field('none'),
    field(''),
    uint32(1),
    field(publicBlob(publicKey)),
    field(Buffer.concat([secret, padding])),
  ])
  const lines = file.toString('base64').match(/.{1,70}/g) ?? []
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`
}

/** RFC 8709, section 4. */
const publicBlob = (publicKey: Buffer) => Buffer.concat([field(type), field(publicKey)])

/** A new ed25519 pair: private key as OpenSSH's PEM, public key as a line of authorized_keys (without a line end). */
export async function makeKeyPair(comment: string): Promise<{ privateKey: string; publicKey: string }> {
  const pair = await promisify(generateKeyPair)('ed25519')
  const { d = '', x = '' } = pair.privateKey.export({ format: 'jwk' })
  const publicKey = Buffer.from(x, 'base64url')
  return {
    privateKey: privatePem(Buffer.from(d, 'base64url'), publicKey, comment),
    publicKey: `${type} ${publicBlob(publicKey).toString('base64')} ${comment}`,
  }
}

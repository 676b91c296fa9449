import { RametError } from '@ramet/model/errors/error.ts'

const magic = Buffer.from('openssh-key-v1\0')

/** Reads length-prefixed strings (RFC 4251, 5). Throws at the end of the bytes. */
class StringReader {
  #at: number
  readonly bytes: Buffer

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes
    this.#at = at
  }

  number(): number {
    const value = this.bytes.readUInt32BE(this.#at)
    this.#at += 4
    return value
  }

  string(): Buffer {
    const size = this.number()
    if (this.#at + size > this.bytes.length) throw new RangeError('a string is longer than its key')
    this.#at += size
    return this.bytes.subarray(this.#at - size, this.#at)
  }
}

/**
 * dropbear's form of an unencrypted Ed25519 key in OpenSSH's (PROTOCOL.key): string "ssh-ed25519", then seed and public key as one string.
 * Throws RametError `bad_host_key` for any other key.
 */
export function toDropbearKey(pem: string): Uint8Array {
  const base64 = /-----BEGIN OPENSSH PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END OPENSSH PRIVATE KEY-----/.exec(pem)?.[1]
  const bytes = Buffer.from(base64 ?? '', 'base64')
  if (!bytes.subarray(0, magic.length).equals(magic)) throw badKey()
  try {
    const outer = new StringReader(bytes, magic.length)
    const [cipher, kdf] = [outer.string().toString(), outer.string().toString()]
    outer.string()
    if (cipher !== 'none' || kdf !== 'none' || outer.number() !== 1) throw badKey()
    outer.string()
    const secret = new StringReader(outer.string())
    const check = secret.number()
    if (secret.number() !== check) throw badKey()
    const type = secret.string()
    secret.string()
    const pair = secret.string()
    if (type.toString() !== 'ssh-ed25519' || pair.length !== 64) throw badKey()
    return Buffer.concat([lengthOf(type), type, lengthOf(pair), pair])
  } catch (error) {
    throw error instanceof RangeError ? badKey() : error
  }
}

function lengthOf(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return length
}

const badKey = () =>
  new RametError('bad_host_key', 500, 'The host key of this run is not an unencrypted Ed25519 key in the form of OpenSSH.')

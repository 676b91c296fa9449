import { uint32 } from '../uint32.ts'

/** A length, then the bytes: `string` of RFC 4251, section 5. */
export function field(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([uint32(bytes.length), bytes])
}

/** `mpint` of RFC 4251: signed, so that a first bit set needs a zero before it. */
export function mpint(base64url = ''): Buffer {
  const bytes = Buffer.from(base64url, 'base64url')
  return field((bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes)
}

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** The text of a new token. */
export const newToken = (): string => randomBytes(32).toString('base64url')

/** Tokens are 32 random bytes, so a plain SHA-256 of them may be kept; slow hashes are for passwords. Hex. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Compares two of `sha256` in a time that tells nothing of where they differ. */
export const isSameHash = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(a, 'hex'), Buffer.from(b, 'hex'))

import { createHash } from 'node:crypto'

/** Tokens are 32 random bytes, so a plain SHA-256 of them may be kept; slow hashes are for passwords. Hex. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

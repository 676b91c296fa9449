import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { writeFileAtomically } from '@ramet/engine'
import type { Identity } from './certificate.ts'

/** Reads a certificate and its key from one file, so that one is never there without the other. Undefined: there is none, or what is there is neither. */
export async function readIdentity(path: string): Promise<Identity | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const key = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n/.exec(text)?.[0]
  const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(text)?.[0]
  if (key === undefined || certificate === undefined) return undefined
  try {
    new X509Certificate(certificate)
    return { key, certificate }
  } catch {
    return undefined
  }
}

export const writeIdentity = (path: string, { key, certificate }: Identity): Promise<void> =>
  writeFileAtomically(path, key + certificate, 0o600)

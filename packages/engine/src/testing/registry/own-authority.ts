import { join } from 'node:path'
import { run } from '../../process/run-process.ts'

/** Paths of PEM files below `folder`: an authority of its own, and what it signed for 127.0.0.1. */
export interface OwnAuthority {
  readonly authority: string
  readonly certificate: string
  readonly key: string
}

export async function ownAuthority(folder: string): Promise<OwnAuthority> {
  const file = (name: string) => join(folder, name)
  const [authority, authorityKey, certificate, key] = ['ca.pem', 'ca.key', 'cert.pem', 'key.pem'].map(file) as [
    string,
    string,
    string,
    string,
  ]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'] as const
  await run(['openssl', 'req', '-x509', ...curve, '-subj', '/CN=test authority', '-keyout', authorityKey, '-out', authority])
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE'] as const
  // biome-ignore format: one option with its value a column
  await run(['openssl', 'req', '-x509', ...curve, '-subj', '/CN=test', '-CA', authority, '-CAkey', authorityKey, ...names, '-keyout', key, '-out', certificate])
  return { authority, certificate, key }
}

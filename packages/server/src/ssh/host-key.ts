import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomically } from '@ramet/engine'
import ssh2 from 'ssh2'

/**
 * The private key by which clients know this installation, in OpenSSH's format; made at the first call. ed25519: the only kind that labctl takes
 * (labctl `ssh/client.go`).
 */
export async function openHostKey(home: string): Promise<string> {
  const file = join(home, 'secrets', 'ssh-host-key')
  const kept = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (kept !== undefined) return kept
  const { private: key } = ssh2.utils.generateKeyPairSync('ed25519', { comment: 'ramet' })
  await writeFileAtomically(file, key, 0o600)
  return key
}

/** A line for known_hosts, without the host's name: `ssh-ed25519 AAAA…`. */
export function publicLine(privateKey: string): string {
  const key = ssh2.utils.parseKey(privateKey)
  if (key instanceof Error) throw key
  return `${key.type} ${key.getPublicSSH().toString('base64')}`
}

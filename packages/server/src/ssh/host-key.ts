import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeKeyPair, writeFileAtomically } from '@ramet/engine'
import { RametError } from '@ramet/model/errors/error.ts'
import ssh2 from 'ssh2'

/**
 * The private key by which clients know this installation, in OpenSSH's format; made at the first call. ed25519: the only kind that labctl takes
 * (labctl `ssh/client.go`). Throws host_key_unreadable.
 */
export async function openHostKey(home: string): Promise<string> {
  const file = join(home, 'secrets', 'ssh-host-key')
  const kept = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (kept !== undefined) {
    if (ssh2.utils.parseKey(kept) instanceof Error) throw unreadable(file)
    return kept
  }
  // Not by ssh2, which drops the zero byte that one public key in 256 begins with and then cannot read its own file (1.17.0, keygen.js).
  const { privateKey } = await makeKeyPair('ramet')
  await writeFileAtomically(file, privateKey, 0o600)
  return privateKey
}

/** Not replaced by itself: every client that knows the old key would take the new one for an attack. */
const unreadable = (file: string) =>
  new RametError('host_key_unreadable', 500, `The host key of the SSH gateway cannot be read: ${file}`, {
    hint: 'Put the file back, or remove it and start again: clients are then shown a new key.',
  })

/** A line for known_hosts, without the host's name: `ssh-ed25519 AAAA…`. */
export function publicLine(privateKey: string): string {
  const key = ssh2.utils.parseKey(privateKey)
  if (key instanceof Error) throw key
  return `${key.type} ${key.getPublicSSH().toString('base64')}`
}

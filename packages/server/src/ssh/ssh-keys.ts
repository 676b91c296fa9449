import { createHash, randomBytes } from 'node:crypto'
import type { SshKey } from '@ramet/model/api/ssh.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { invalidInput, notFound } from '@ramet/model/errors/errors.ts'
import ssh2 from 'ssh2'
import type { SshKeys, User } from '../services.ts'
import { type Db, now } from '../store/database.ts'
import type { SshKeyRow } from '../store/schema.ts'
import { findSshUser, insertSshKey, listSshKeys, mostSshKeys, removeSshKey } from '../store/ssh-keys.ts'

/** `SHA256:…` of a public key in SSH's wire format, as OpenSSH prints it. */
export const fingerprintOf = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`

export const sshKeyService = (db: Db): SshKeys => ({
  list: async (user) => (await listSshKeys(db, user.id)).map(toKey),

  async add(user, { line, name }) {
    const { type, comment, wire } = parsePublic(line)
    const row: SshKeyRow = {
      id: randomBytes(12).toString('hex'),
      user_id: user.id,
      name: name ?? (comment.slice(0, 100) || type),
      type,
      fingerprint: fingerprintOf(wire),
      created_at: now(),
    }
    const result = await insertSshKey(db, row, user)
    if (result === 'taken')
      throw new RametError('key_taken', 409, 'This key is in use already.', { hint: 'See yours with: ramet ssh-key list' })
    if (result === 'full')
      throw new RametError('too_many_ssh_keys', 409, `You have ${mostSshKeys} keys; more are not kept.`, {
        hint: 'Remove some: ramet ssh-key remove ID',
      })
    return toKey(row)
  },

  async remove(user, id) {
    if (!(await removeSshKey(db, user.id, id))) throw notFound('ssh key', id, 'See yours with: ramet ssh-key list')
  },

  userOf: (key) => findSshUser(db, fingerprintOf(key)),
})

const toKey = ({ id, name, type, fingerprint, created_at }: SshKeyRow): SshKey => ({
  id,
  name,
  type,
  fingerprint,
  createdAt: created_at,
})

/** Reads a line of authorized_keys. Throws `invalid_input`, and says so when the line is a private key. */
export function parsePublic(line: string): { type: string; comment: string; wire: Buffer } {
  const text = line.trim()
  const hint = 'Give the one line of a public key, such as that in ~/.ssh/id_ed25519.pub.'
  if (text.startsWith('-----BEGIN')) throw invalidInput('This is a private key. Keep it to yourself.', 'line', hint)
  const found = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) (\S+)(?: (.*))?$/.exec(text)
  const key = found ? ssh2.utils.parseKey(`${found[1]} ${found[2]}`) : undefined
  if (!found || !key || key instanceof Error || key.isPrivateKey())
    throw invalidInput('This is no public key of the kinds ed25519, ecdsa or rsa.', 'line', hint)
  return { type: key.type, comment: found[3] ?? '', wire: key.getPublicSSH() }
}

/** Whom a key belongs to when it is the only one that counts: for tunnels, which bring their own. */
export const onlyKey =
  (wire: Buffer, user: User) =>
  async (key: Buffer): Promise<User | undefined> =>
    key.equals(wire) ? user : undefined

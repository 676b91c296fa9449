import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { hostKeyTypes, makeHostKeys } from './host-keys.ts'
import { identityScript, makeIdentity } from './identity.ts'

const old = '0123456789abcdef0123456789abcdef'

/** Runs the script as the guest's platform shell does, over files below a folder. */
async function renewed(prepare: (root: string) => void, look: (root: string, machineId: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ramet-identity-'))
  try {
    const root = join(folder, 'root')
    for (const path of ['etc/ssh', 'var/lib/systemd', 'var/log/journal']) mkdirSync(join(root, path), { recursive: true })
    symlinkSync('/bin/busybox', join(folder, 'busybox'))
    prepare(root)
    const identity = makeIdentity(await makeHostKeys(hostKeyTypes))
    execFileSync('/bin/busybox', ['sh'], { cwd: folder, input: identityScript(identity, root) })
    look(root, identity.machineId)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a guest gets another machine-id, and its journal goes along', () =>
  renewed(
    (root) => {
      writeFileSync(join(root, 'etc/machine-id'), `${old}\n`)
      mkdirSync(join(root, 'var/log/journal', old))
    },
    (root, machineId) => {
      assert.match(machineId, /^[0-9a-f]{32}$/)
      assert.equal(readFileSync(join(root, 'etc/machine-id'), 'utf8'), `${machineId}\n`)
      assert.deepEqual(
        [existsSync(join(root, 'var/log/journal', old)), existsSync(join(root, 'var/log/journal', machineId))],
        [false, true],
      )
    },
  ))

test('every host key that an image has is made anew, as ssh understands it; one of a type that is no longer used goes', () =>
  renewed(
    (root) => {
      for (const type of ['rsa', 'ecdsa', 'ed25519', 'dsa'])
        for (const end of ['', '.pub'])
          writeFileSync(join(root, `etc/ssh/ssh_host_${type}_key${end}`), 'old', { mode: end === '' ? 0o600 : 0o644 })
    },
    (root) => {
      for (const [type, says] of [
        ['rsa', 'RSA'],
        ['ecdsa', 'ECDSA'],
        ['ed25519', 'ED25519'],
      ]) {
        const key = join(root, `etc/ssh/ssh_host_${type}_key`)
        assert.equal(statSync(key).mode & 0o777, 0o600)
        const [made, kept] = [
          ['-y', '-f', key],
          ['-l', '-f', `${key}.pub`],
        ].map((words) => execFileSync('ssh-keygen', words, { encoding: 'utf8' }))
        assert.equal(made?.split(' ')[1]?.trim(), readFileSync(`${key}.pub`, 'utf8').split(' ')[1])
        assert.ok(kept?.includes(`(${says})`), kept)
      }
      assert.ok(!existsSync(join(root, 'etc/ssh/ssh_host_dsa_key')))
    },
  ))

test('the next boot has another random seed, and what an image lacks it is not given', () =>
  renewed(
    (root) => writeFileSync(join(root, 'var/lib/systemd/random-seed'), Buffer.alloc(512)),
    (root) => {
      const seed = readFileSync(join(root, 'var/lib/systemd/random-seed'))
      assert.deepEqual([seed.length, seed.equals(Buffer.alloc(512))], [512, false])
      assert.deepEqual(
        [existsSync(join(root, 'etc/machine-id')), existsSync(join(root, 'etc/ssh/ssh_host_rsa_key'))],
        [false, false],
      )
    },
  ))

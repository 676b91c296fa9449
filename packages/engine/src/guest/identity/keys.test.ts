import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import ssh2 from 'ssh2'
import { run } from '../../process/run-process.ts'
import { dropbearKey, makeKeyPair, makeRunKeys, wireKey } from './keys.ts'

test('OpenSSH reads both forms and finds the same key in them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keys-'))
  try {
    // Comments of several lengths, for every length of the padding.
    for (let length = 1; length <= 8; length += 1) {
      const { privateKey, publicKey } = await makeKeyPair('c'.repeat(length))
      const [file, line] = [join(folder, `key${length}`), join(folder, `line${length}`)]
      await writeFile(file, privateKey, { mode: 0o600 })
      await writeFile(line, `${publicKey}\n`)
      assert.equal((await run(['ssh-keygen', '-y', '-f', file])).stdout.trim(), publicKey)
      assert.match((await run(['ssh-keygen', '-l', '-f', line])).stdout, /^256 SHA256:\S+ c+ \(ED25519\)/)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('the ssh library reads them too, and every run has keys of its own', async () => {
  const [a, b] = await Promise.all([makeRunKeys(), makeRunKeys()])
  const parsed = ssh2.utils.parseKey(a.clientPrivate)
  assert.ok(!(parsed instanceof Error))
  assert.deepEqual(parsed.getPublicSSH(), wireKey(a.clientPublic))
  assert.equal(new Set([a.hostPrivate, a.clientPrivate, b.hostPrivate, b.clientPrivate]).size, 4)
})

test('the form for dropbear has the type, then seed and public key', async () => {
  const { privateKey, publicKey } = await makeKeyPair('ramet-host')
  const key = dropbearKey(privateKey)
  assert.equal(key.length, 4 + 11 + 4 + 64)
  assert.deepEqual(key.subarray(0, 19), Buffer.concat([wireKey(publicKey).subarray(0, 15), Buffer.from([0, 0, 0, 64])]))
  assert.deepEqual(key.subarray(51), wireKey(publicKey).subarray(19))
})

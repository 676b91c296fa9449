import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toDropbearKey } from './dropbear-key.ts'
import { makeRunKeys } from './keys.ts'

test('a host key becomes its type, and seed and public key in one', async () => {
  const { hostPrivate, hostPublic } = await makeRunKeys()
  const key = Buffer.from(toDropbearKey(hostPrivate))
  const publicBlob = Buffer.from(hostPublic.split(' ')[1] ?? '', 'base64')
  assert.equal(key.length, 4 + 11 + 4 + 64)
  assert.equal(key.readUInt32BE(0), 11)
  assert.equal(key.toString('utf8', 4, 15), 'ssh-ed25519')
  assert.equal(key.readUInt32BE(15), 64)
  assert.deepEqual(key.subarray(-32), publicBlob.subarray(-32))
})

test('anything else is refused with a code, also a key that ends too early', async () => {
  const { hostPrivate } = await makeRunKeys()
  const body = hostPrivate.split('\n').slice(1, 3).join('\n')
  const cut = `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----\n`
  for (const pem of ['', 'nonsense', cut]) assert.throws(() => toDropbearKey(pem), { code: 'bad_host_key' })
})

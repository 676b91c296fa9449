import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeKeyPair } from '@ramet/engine'
import { TestHome } from '../testing/test-home.ts'
import { fingerprintOf, parsePublic, sshKeyService } from './ssh-keys.ts'

const newLine = async () => (await makeKeyPair('ann@laptop')).publicKey

test('a key is kept by its fingerprint, found again by it, and belongs to one user', async () => {
  await using home = await TestHome.make()
  const keys = sshKeyService(home.db)
  const ann = { id: 'u', name: 'ann' }
  const line = await newLine()
  const { wire } = parsePublic(line)
  const key = await keys.add(ann, { line })
  assert.equal(key.name, 'ann@laptop')
  assert.equal(key.fingerprint, fingerprintOf(wire))
  assert.deepEqual(await keys.userOf(wire), ann)
  assert.equal(await keys.userOf(parsePublic(await newLine()).wire), undefined)
  await assert.rejects(keys.add(ann, { line, name: 'again' }), { code: 'key_taken', status: 409 })
  await assert.rejects(keys.remove({ id: 'somebody', name: 'else' }, key.id), { code: 'not_found' })
  await keys.remove(ann, key.id)
  assert.equal(await keys.userOf(wire), undefined)
  assert.deepEqual(await keys.list(ann), [])
})

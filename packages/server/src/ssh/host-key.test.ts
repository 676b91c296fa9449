import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeKeyPair } from '@ramet/engine'
import { openHostKey, publicLine } from './host-key.ts'
import { parsePublic } from './ssh-keys.ts'

/** What comes before the 32 bytes of an ed25519 key: its type and both lengths (RFC 8709, section 4). */
const prefixBytes = 19

async function beginsWithZero(make: () => Promise<string>, lineOf: (made: string) => string): Promise<string> {
  for (let tries = 0; tries < 20_000; tries += 1) {
    const made = await make()
    const [, base64 = ''] = lineOf(made).split(' ')
    if (Buffer.from(base64, 'base64')[prefixBytes] === 0) return made
  }
  throw new Error('no key of 20,000 begins with a zero byte')
}

test('a host key and a person’s key are read whatever byte they begin with', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'host-key-'))
  try {
    await mkdir(join(folder, 'secrets'))
    const make = async () => {
      await rm(join(folder, 'secrets/ssh-host-key'), { force: true })
      return openHostKey(folder)
    }
    const key = await beginsWithZero(make, publicLine)
    assert.equal(await openHostKey(folder), key)
    const line = await beginsWithZero(async () => (await makeKeyPair('ann')).publicKey, String)
    assert.equal(parsePublic(line).wire.toString('base64'), line.split(' ')[1])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a host key that was damaged is refused with what to do, and not replaced', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'host-key-'))
  try {
    await mkdir(join(folder, 'secrets'))
    await writeFile(join(folder, 'secrets/ssh-host-key'), '-----BEGIN OPENSSH PRIVATE KEY-----\n')
    await assert.rejects(openHostKey(folder), { code: 'host_key_unreadable', hint: /remove it/ })
  } finally {
    await rm(folder, { recursive: true })
  }
})

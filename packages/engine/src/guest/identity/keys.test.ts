import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../../process/run-process.ts'
import { makeKeyPair } from './keys.ts'

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

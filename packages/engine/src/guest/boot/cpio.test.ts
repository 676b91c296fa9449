import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { cpioArchive } from './cpio.ts'

// busybox' cpio stands in for the kernel's unpacker: another reader of the same format.
const list = (archive: Uint8Array) => spawnSync('busybox', ['cpio', '-tv'], { input: archive }).stdout.toString()

test('an archive lists its folders, files, links and devices with their modes', () => {
  const listing = list(
    cpioArchive([
      { path: 'dev', type: 'folder', mode: 0o755 },
      { path: 'dev/null', type: 'character-device', mode: 0o666, device: [1, 3] },
      { path: 'odd', type: 'file', mode: 0o600, content: Buffer.from('12345') },
      { path: 'sh', type: 'link', mode: 0o777, content: Buffer.from('busybox') },
    ]),
  )
  assert.match(listing, /^drwxr-xr-x .* dev$/m)
  assert.match(listing, /^crw-rw-rw- .* dev\/null$/m)
  assert.match(listing, /^-rw------- .* 5 .* odd$/m)
  assert.match(listing, /^lrwxrwxrwx .* sh -> busybox$/m)
})

test('archives of any content are a multiple of four bytes long, so that another can follow', () => {
  for (let size = 0; size < 9; size++) {
    const archive = cpioArchive([{ path: 'x'.repeat(size + 1), type: 'file', mode: 0o600, content: Buffer.alloc(size, 1) }])
    assert.equal(archive.length % 4, 0)
  }
})

test('the same entries give the same bytes', () => {
  const make = () => cpioArchive([{ path: 'a', type: 'file', mode: 0o600, content: Buffer.from('a') }])
  assert.deepEqual(make(), make())
})

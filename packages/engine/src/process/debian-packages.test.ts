import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { debianPackages, installCommand, missingPrograms } from './debian-packages.ts'

test('a program that is there is not missing, also with an empty PATH', async () => {
  const path = process.env.PATH
  const empty = await mkdtemp(join(tmpdir(), 'ramet-path-'))
  process.env.PATH = empty
  try {
    assert.deepEqual(await missingPrograms(['dpkg-deb']), [])
  } finally {
    process.env.PATH = path
    await rm(empty, { recursive: true })
  }
})

test('one command names each missing package once', () => {
  const missing = ['mke2fs', 'e2fsck', 'mmdebstrap'].map((program) => ({
    program,
    debianPackage: debianPackages[program as keyof typeof debianPackages],
  }))
  assert.equal(installCommand(missing), 'apt-get install -y e2fsprogs mmdebstrap')
  assert.equal(installCommand([]), undefined)
})

test('what is no program is found by its path', async () => {
  assert.deepEqual(await missingPrograms(['/usr/include/fcntl.h']), [])
})

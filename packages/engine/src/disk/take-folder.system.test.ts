import assert from 'node:assert/strict'
import { chown, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { takeFolder } from './take-folder.ts'

test('a folder that VMs worked in becomes root’s, without the links that they left there; one of root’s stays as it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rt-folder-'))
  const outside = join(folder, 'outside')
  const worked = join(folder, 'worked')
  try {
    await writeFile(outside, 'of somebody else', { mode: 0o600 })
    for (const [name, owner] of [
      ['worked', 12_345],
      ['roots', 0],
    ] as const) {
      const at = join(folder, name)
      await mkdir(at)
      await writeFile(join(at, 'console-1.log'), 'said')
      await symlink(outside, join(at, 'console-2.log'))
      await chown(at, owner, owner)
      await takeFolder(at)
    }
    const { uid, mode } = await lstat(worked)
    assert.deepEqual([uid, mode & 0o777], [0, 0o700])
    assert.deepEqual(await readdir(worked), ['console-1.log'])
    assert.equal(await readFile(outside, 'utf8'), 'of somebody else')
    assert.equal((await readdir(join(folder, 'roots'))).length, 2)
    await takeFolder(join(folder, 'none'))
  } finally {
    await rm(folder, { recursive: true })
  }
})

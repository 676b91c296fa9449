import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { requirePassable } from './require-passable.ts'

test('a home below a folder that others cannot pass is refused, naming the folder', async () => {
  const closed = await mkdtemp(join(tmpdir(), 'ramet-closed-'))
  try {
    const home = join(closed, 'home')
    await assert.rejects(requirePassable(home), { code: 'home_not_reachable', hint: new RegExp(`chmod o\\+x ${closed}$`) })
    await chmod(closed, 0o711)
    await requirePassable(home)
  } finally {
    await rm(closed, { recursive: true })
  }
})

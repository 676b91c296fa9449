import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, rmdir, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '@ramet/engine'
import { ensureVmUser, qemuDisks, qemuLayers } from '@ramet/engine/testing'
import { qemuIo, readCommand, writeCommand } from '../../testing/layers/qemu-io.ts'
import { TestHome } from '../../testing/test-home.ts'
import { sealDrives } from './seal.ts'
import { shortenOnce } from './shorten.ts'

const noSpace = { code: 'no_space', status: 507 }

/** A home on a small filesystem of its own, with a stopped run on `depth` layers of a MiB each and an overlay that was written to. */
async function smallHome(depth: number, body: (home: TestHome, runId: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'no-space-'))
  await run(['mount', '-t', 'tmpfs', '-o', 'size=96m,mode=0711', 'tmpfs', folder])
  try {
    const user = await ensureVmUser()
    await using home = await TestHome.make(qemuLayers(user), qemuDisks(user), { at: join(folder, 'home') })
    const id = await home.addRun('STOPPED', [null])
    for (let index = 0; index < depth; index += 1) {
      await write(home, id, index, index + 1)
      await sealDrives(home.tools, id)
    }
    await write(home, id, 9, 99)
    await body(home, id)
  } finally {
    await run(['umount', '-l', folder])
    await rmdir(folder)
  }
}

async function write(home: TestHome, id: string, place: number, byte: number): Promise<void> {
  await home.makeOverlays(id)
  const [drive] = await home.drives(id)
  assert.ok(drive)
  const commands = [writeCommand(place, byte), `write -q -P ${byte} 512k 256k`]
  await qemuIo([{ chain: await home.chain(drive), isReadOnly: false, commands }])
}

async function inOrder(home: TestHome, id: string, depth: number): Promise<void> {
  const [drive] = await home.drives(id)
  assert.ok(drive)
  const commands = [...Array.from({ length: depth }, (_, index) => readCommand(index, index + 1)), readCommand(9, 99)]
  await qemuIo([{ chain: await home.chain(drive), isReadOnly: true, commands }])
  assert.deepEqual(await home.fsck(), [])
}

/** Leaves `bytes` of the home's disk; the returned function gives them back. */
async function fill(home: TestHome, bytes: number): Promise<() => Promise<void>> {
  const filler = join(home.home, '..', 'filler')
  const { bavail, bsize } = await statfs(home.home)
  await run(['fallocate', '-l', String(bavail * bsize - bytes), filler])
  return () => rm(filler)
}

test('a seal on a full disk either needs no space or says no_space, loses nothing, and is done when there is space', () =>
  smallHome(1, async (home, id) => {
    const free = await fill(home, 0)
    // The store's log may have room left for some transactions: filled with what costs nothing afterwards.
    let refused = 0
    for (let attempt = 0; attempt < 200 && refused === 0; attempt += 1) {
      await sealDrives(home.tools, id, async (trx) => {
        const text = 'x'.repeat(64 * 1024)
        await trx.updateTable('playgrounds').set({ description: text, markdown: text }).execute()
        throw new Error('not today')
      }).catch((error) => {
        if ((error as Error).message === 'not today') return
        assert.equal(error.code, noSpace.code, `${error.errcode} ${error.stack}`)
        assert.equal(error.status, noSpace.status)
        refused += 1
      })
      if (refused === 0)
        await home.db
          .updateTable('playgrounds')
          .set({ title: `${attempt}` })
          .execute()
          .catch(() => {})
    }
    assert.equal(refused, 1, 'the disk was full')
    assert.deepEqual(
      (await home.drives(id)).map(({ overlay }) => overlay !== null),
      [true],
    )
    await free()
    await inOrder(home, id, 1)
    await sealDrives(home.tools, id)
    assert.deepEqual(
      (await home.drives(id)).map(({ overlay }) => overlay),
      [null],
    )
    await inOrder(home, id, 1)
  }))

test('a merge on a full disk says no_space and leaves nothing; it is done when there is space', () =>
  smallHome(6, async (home, id) => {
    const files = await readdir(join(home.home, 'layers'))
    const free = await fill(home, 256 * 1024)
    await assert.rejects(shortenOnce(home.tools, { bound: 1 }), noSpace)
    await free()
    assert.deepEqual((await readdir(join(home.home, 'layers'))).toSorted(), files.toSorted())
    await inOrder(home, id, 6)
    assert.equal(await shortenOnce(home.tools, { bound: 1 }), 'shorter')
    assert.equal((await readdir(join(home.home, 'layers'))).length, 1)
    await inOrder(home, id, 6)
  }))

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { link, lstat, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { HeldFolder, inFolderOf, lookAt, openPlain } from './held-folder.ts'
import { removeTree } from './remove-tree.ts'

const root = await mkdtemp(join(tmpdir(), 'held-'))
after(() => rm(root, { recursive: true }))
const outside = join(root, 'outside')
await mkdir(outside)
await writeFile(join(outside, 'canary'), 'canary')
let count = 0
const newFolder = async () => {
  const folder = join(root, String(count++))
  await mkdir(folder)
  return folder
}

test('a link, a dangling link, a pipe and a folder are no files', async () => {
  const folder = await newFolder()
  await symlink(join(outside, 'canary'), join(folder, 'link'))
  await symlink('nothing', join(folder, 'dangling'))
  execFileSync('mkfifo', [join(folder, 'pipe')])
  await mkdir(join(folder, 'folder'))
  for (const name of ['link', 'dangling', 'pipe', 'folder'])
    for (const access of ['read', 'write'] as const)
      await assert.rejects(openPlain(join(folder, name), access), { code: 'not_plain' }, `${name}, ${access}`)
  await assert.rejects(openPlain(join(folder, 'none'), 'read'), { code: 'ENOENT' })
  assert.equal((await lookAt(join(folder, 'link'))).isSymbolicLink(), true)
})

test('a file is not made where a dangling link would lead', async () => {
  const folder = await newFolder()
  await symlink(join(outside, 'made'), join(folder, 'link'))
  await inFolderOf(join(folder, 'link'), async (held, name) => {
    await assert.rejects(held.create(name, 0o600), { code: 'EEXIST' })
  })
  await assert.rejects(stat(join(outside, 'made')), { code: 'ENOENT' })
})

test('a folder that is a link is not entered, neither by its path nor from the one above', async () => {
  const folder = await newFolder()
  await symlink(outside, join(folder, 'link'))
  await assert.rejects(HeldFolder.open(join(folder, 'link')), { code: 'not_plain' })
  await using held = await HeldFolder.open(folder)
  await assert.rejects(held.folder('link'), { code: 'not_plain' })
  for (const name of ['..', '.', '', 'link/canary']) await assert.rejects(held.file(name, 'read'), /not a name in a folder/)
})

test('what is held is the folder and not its path', async () => {
  const folder = await newFolder()
  await writeFile(join(folder, 'file'), 'ours')
  await using held = await HeldFolder.open(folder)
  await rename(folder, `${folder}-moved`)
  await symlink(outside, folder)
  await using file = await held.file('file', 'read')
  assert.equal(String(await file.readFile()), 'ours')
  await held.unlink('canary')
  assert.equal(await readFile(join(outside, 'canary'), 'utf8'), 'canary')
})

test('a tree is removed without what its links lead to, however deep it is', async () => {
  const folder = await newFolder()
  await symlink(outside, join(folder, 'link'))
  let inner = folder
  for (let depth = 0; depth < 200; depth++) {
    inner = join(inner, 'a')
    await mkdir(inner)
    if (depth % 20 === 0) await symlink(join(outside, 'canary'), join(inner, 'link'))
  }
  await link(join(outside, 'canary'), join(folder, 'hard'))
  await removeTree(folder)
  await removeTree(folder)
  await assert.rejects(lstat(folder), { code: 'ENOENT' })
  await symlink(outside, folder)
  await removeTree(folder)
  assert.equal(await readFile(join(outside, 'canary'), 'utf8'), 'canary')
})

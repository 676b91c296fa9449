import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { localMachine } from '@ramet/client/testing/local-machine.ts'
import { readCopy, readCopyEnd } from './copy/copy-end.ts'
import { id, stubPlay, stubWorld } from './testing/stub-world.ts'

const timeout = 60_000

/** A run whose machine is a folder of this computer, with the commands of its real shell. */
async function world() {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-cp-'))
  const [far, near] = [join(folder, 'far'), join(folder, 'near')]
  await mkdir(far)
  await mkdir(near)
  const server = await stubWorld({ [`GET /api/plays/${id}`]: stubPlay('RUNNING') }, { webSocket: localMachine(far) })
  return {
    far,
    near,
    cp: (...words: string[]) => server.ramet(['cp', ...words]),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

test('which side is in a machine is read as scp reads it', () => {
  assert.deepEqual(readCopyEnd('lab:/root/a:b'), { run: 'lab', path: '/root/a:b' })
  assert.deepEqual(readCopyEnd('./a:b'), { path: './a:b' })
  assert.deepEqual(readCopyEnd('/a:b'), { path: '/a:b' })
  assert.deepEqual(readCopyEnd('lab:'), { run: 'lab', path: '.' })
  assert.throws(() => readCopy('a', 'b'), { code: 'invalid_input' })
  assert.throws(() => readCopy('a:b', 'c:d'), { code: 'invalid_input' })
})

test('a file goes there and back, byte for byte, with its mode and under another name', { timeout }, async () => {
  await using here = await world()
  const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 7) % 256))
  await writeFile(join(here.near, 'tool'), bytes)
  await chmod(join(here.near, 'tool'), 0o750)
  const there = await here.cp(join(here.near, 'tool'), `${id}:bin/renamed`)
  assert.equal(there.code, 0, there.stderr)
  assert.match(there.stderr, /Copied 2\.\d+MiB/)
  assert.deepEqual(await readFile(join(here.far, 'bin/renamed')), bytes)
  assert.equal((await stat(join(here.far, 'bin/renamed'))).mode & 0o777, 0o750)
  await here.cp(join(here.near, 'tool'), `${id}:bin`)
  assert.ok(await stat(join(here.far, 'bin/tool')), 'a folder that is there takes it under its own name')
  const back = await here.cp('-q', `${id}:bin/renamed`, here.near)
  assert.deepEqual(back, { ...back, code: 0, stdout: '', stderr: '' })
  assert.deepEqual(await readFile(join(here.near, 'renamed')), bytes)
  assert.equal((await stat(join(here.near, 'renamed'))).mode & 0o777, 0o750)
})

test('a folder goes there and back with links and odd names', { timeout }, async () => {
  await using here = await world()
  const tree = join(here.near, 'tree')
  await mkdir(join(tree, 'in ner'), { recursive: true })
  await writeFile(join(tree, 'in ner', "it's"), 'quoted')
  await writeFile(join(tree, '-n'), 'dash')
  const big = Buffer.from(Array.from({ length: 5_000_000 }, (_, at) => (at * 7) % 256))
  await writeFile(join(tree, 'big'), big)
  await symlink('-n', join(tree, 'link'))
  assert.match((await here.cp(tree, `${id}:`)).stderr, /-r/)
  const there = await here.cp('-r', tree, `${id}:copy`)
  assert.equal(there.code, 0, there.stderr)
  assert.equal(await readFile(join(here.far, 'copy/in ner', "it's"), 'utf8'), 'quoted')
  const back = await here.cp('-r', `${id}:copy`, join(here.near, 'back'))
  assert.equal(back.code, 0, back.stderr)
  assert.equal(await readFile(join(here.near, 'back/-n'), 'utf8'), 'dash')
  assert.equal(await readlink(join(here.near, 'back/link')), '-n')
  assert.ok(big.equals(await readFile(join(here.near, 'back/big'))))
})

test('a tar here that has all it needs before the one in the machine ends is no failure', { timeout }, async () => {
  await using here = await world()
  await mkdir(join(here.far, 'bin'))
  // As on a slow machine.
  const slow = '#!/bin/sh\nt=$(mktemp); /bin/tar "$@" >$t; cat $t; rm $t; sleep 0.5\n'
  await writeFile(join(here.far, 'bin/tar'), slow, { mode: 0o755 })
  await mkdir(join(here.far, 'tree'))
  await writeFile(join(here.far, 'tree/file'), 'small')
  const { code, stderr } = await here.cp('-r', `${id}:tree`, join(here.near, 'tree'))
  assert.equal(code, 0, stderr)
  assert.equal(await readFile(join(here.near, 'tree/file'), 'utf8'), 'small')
})

test('what cannot be copied says why, and leaves what was there', { timeout }, async () => {
  await using here = await world()
  await writeFile(join(here.near, 'kept'), 'before')
  const none = await here.cp(`${id}:none`, join(here.near, 'kept'))
  assert.equal(none.code, 1)
  assert.match(none.stderr, /There is no none/)
  assert.equal(await readFile(join(here.near, 'kept'), 'utf8'), 'before')
  await writeFile(join(here.far, 'file'), '')
  const below = await here.cp(join(here.near, 'kept'), `${id}:file/below`)
  assert.equal(below.code, 1)
  assert.match(below.stderr, /copy_failed/)
  assert.match((await here.cp(join(here.near, 'absent'), `${id}:x`)).stderr, /There is no/)
})

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silent } from '../testing/start-for-test.ts'
import { ensureWebBundle } from './bundle.ts'

async function repository() {
  const root = await mkdtemp(join(tmpdir(), 'ramet-bundle-'))
  await mkdir(join(root, 'packages/web/src'), { recursive: true })
  const source = (text: string, name = 'main.tsx') => writeFile(join(root, 'packages/web/src', name), text)
  await source('one')
  const builds: string[] = []
  const build = async (into: string) => {
    const text = await readFile(join(root, 'packages/web/src/main.tsx'), 'utf8')
    builds.push(text)
    await mkdir(into, { recursive: true })
    if (text === 'broken') throw new Error('syntax error')
    await writeFile(join(into, 'index.html'), text)
  }
  const ensure = async () => {
    const bundle = ensureWebBundle({ log: silent, root, build })
    await bundle.done
    return bundle
  }
  return { root, source, builds, ensure, [Symbol.asyncDispose]: () => rm(root, { recursive: true }) }
}

test('the web app is built when its sources have changed, and only then', async () => {
  await using made = await repository()
  const { source, builds, ensure } = made
  await ensure()
  await ensure()
  await source('not part of it', 'main.test.tsx')
  await ensure()
  assert.deepEqual(builds, ['one'])
  await source('two')
  const bundle = await ensure()
  assert.deepEqual(builds, ['one', 'two'])
  assert.equal(await readFile(join(bundle.folder, 'index.html'), 'utf8'), 'two')
  assert.deepEqual([bundle.state(), bundle.isCurrent()], ['ready', true])
})

test('a build that fails leaves the last good bundle in its place, and no rubbish', async () => {
  await using made = await repository()
  const { root, source, ensure } = made
  await ensure()
  await source('broken')
  const bundle = await ensure()
  assert.deepEqual([bundle.state(), bundle.isCurrent()], ['ready', false])
  assert.equal(await readFile(join(bundle.folder, 'index.html'), 'utf8'), 'one')
  assert.deepEqual(await readdir(join(root, 'node_modules/.cache/ramet-web')), [])
})

test('what a server left that was killed while it built goes with a later build; a build under way stays', async () => {
  await using made = await repository()
  const workshops = join(made.root, 'node_modules/.cache/ramet-web')
  for (const name of ['abandoned', 'under-way']) await mkdir(join(workshops, name), { recursive: true })
  const hourAgo = Date.now() / 1000 - 3600
  await utimes(join(workshops, 'abandoned'), hourAgo, hourAgo)
  await made.ensure()
  assert.deepEqual(await readdir(workshops), ['under-way'])
})

test('a first build that fails is told, and throws at nobody', async () => {
  await using made = await repository()
  await made.source('broken')
  const bundle = await made.ensure()
  assert.deepEqual([bundle.state(), bundle.isCurrent()], ['failed', false])
  assert.equal(existsSync(bundle.folder), false)
})

test('two servers that build at the same time end with a whole bundle', async () => {
  await using made = await repository()
  const bundles = await Promise.all(Array.from({ length: 4 }, made.ensure))
  assert.ok(bundles.some((bundle) => bundle.isCurrent()))
  assert.deepEqual((await readdir(bundles[0]?.folder ?? '')).sort(), ['.sources', 'index.html'])
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { RametError } from '@ramet/model/errors/error.ts'
import { recipeHash } from '../recipes/recipe.ts'
import { type ArtefactKey, type Build, cached, findArtefact, listArtefacts, reclaim, removeArtefact } from './cache.ts'

async function emptyCache(t: TestContext): Promise<ArtefactKey> {
  const cacheFolder = await mkdtemp(join(tmpdir(), 'ramet-cache-'))
  t.after(() => rm(cacheFolder, { recursive: true, force: true }))
  return { cacheFolder, kind: 'image', name: 'thing', recipeHash: recipeHash({ packages: ['a'] }) }
}

const writes =
  (text: string): Build =>
  async (folder) => {
    await writeFile(join(folder, 'file'), text)
    return { text }
  }

const mustNotBuild: Build = async () => assert.fail('built again')
const contents = (key: ArtefactKey) => readdir(join(key.cacheFolder, key.kind))

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await condition()) return
    await delay(25)
  }
  assert.fail(`never happened: ${what}`)
}

test('a recipe is built once and found from then on, with its facts', async (t) => {
  const key = await emptyCache(t)
  const built = await cached(key, writes('one'))
  const found = await cached(key, mustNotBuild)
  assert.equal(found.folder, built.folder)
  assert.deepEqual(found.facts, { text: 'one' })
  assert.deepEqual(await contents(key), [`thing-${key.recipeHash.slice(0, 12)}`])
})

test('another recipe is another artefact, whatever the order of its keys', async (t) => {
  const key = await emptyCache(t)
  await cached(key, writes('one'))
  await cached({ ...key, recipeHash: recipeHash({ packages: ['b'] }) }, writes('two'))
  assert.equal((await listArtefacts(key.cacheFolder, 'image', 'thing')).length, 2)
  assert.equal(recipeHash({ a: '1', b: { c: ['2'], d: '3' } }), recipeHash({ b: { d: '3', c: ['2'] }, a: '1' }))
})

test('a failed build leaves nothing and is tried again', async (t) => {
  const key = await emptyCache(t)
  const fails: Build = async (folder, scratch) => {
    await writeFile(join(folder, 'half'), 'x')
    await writeFile(join(scratch, 'more'), 'x')
    throw Object.assign(new Error('write failed'), { code: 'ENOSPC' })
  }
  await assert.rejects(cached(key, fails), (error) => error instanceof RametError && error.code === 'no_space')
  assert.deepEqual(await contents(key), [])
  await cached(key, writes('one'))
})

test('a cancelled build leaves nothing', async (t) => {
  const key = await emptyCache(t)
  const controller = new AbortController()
  const build: Build = async () => {
    controller.abort(new Error('enough'))
    return {}
  }
  await assert.rejects(cached(key, build, { signal: controller.signal }), /enough/)
  assert.deepEqual(await contents(key), [])
})

test('a damaged artefact is never handed out', async (t) => {
  const key = await emptyCache(t)
  const first = await cached(key, writes('whole'))
  await truncate(join(first.folder, 'file'), 2)
  const second = await cached(key, writes('again'))
  assert.notEqual(second.folder, first.folder)
  assert.equal(await readFile(join(second.folder, 'file'), 'utf8'), 'again')
})

test('a forced build stands beside the old one and wins; each is removed by its own', async (t) => {
  const key = await emptyCache(t)
  const first = await cached(key, writes('old'))
  const second = await cached(key, writes('new'), { force: true })
  assert.equal((await findArtefact(key))?.folder, second.folder)
  assert.equal(await readFile(join(first.folder, 'file'), 'utf8'), 'old')
  await removeArtefact(second.folder)
  assert.equal((await findArtefact(key))?.folder, first.folder)
  assert.equal((await contents(key)).length, 1)
})

/** A process that builds slowly: says `built` when done; `from` tells who built. */
function builder(t: TestContext, key: ArtefactKey, from: string, tookMs: number) {
  const script = `
    const { cached } = await import(${JSON.stringify(import.meta.resolve('./cache.ts'))})
    const { writeFile } = await import('node:fs/promises')
    const build = async (folder) => {
      await writeFile(folder + '/file', ${JSON.stringify(from)})
      await new Promise((resolve) => setTimeout(resolve, ${tookMs}))
      return { from: ${JSON.stringify(from)} }
    }
    console.log(JSON.stringify(await cached(${JSON.stringify(key)}, build)))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  const ended = once(child, 'close').then(() => output)
  return { child, ended }
}

const isBuilding = (key: ArtefactKey) => async () => (await contents(key).catch(() => [])).some((name) => name.endsWith('.tmp'))

test('kill -9 in the middle of a build leaves no artefact, and the next start takes its rubbish away', async (t) => {
  const key = await emptyCache(t)
  const { child, ended } = builder(t, key, 'killed', 60_000)
  await until(isBuilding(key), 'the build began')
  await reclaim(key.cacheFolder)
  assert.equal((await contents(key)).length, 1, 'a live build is left alone')
  child.kill('SIGKILL')
  await ended
  assert.equal(await findArtefact(key), undefined)
  await reclaim(key.cacheFolder)
  assert.deepEqual(await contents(key), [])
  assert.equal((await cached(key, writes('one'))).facts.text, 'one')
})

test('of two processes that build the same, the second waits for the first', async (t) => {
  const key = await emptyCache(t)
  const first = builder(t, key, 'first', 700)
  await until(isBuilding(key), 'the first build began')
  const waited: boolean[] = []
  const found = await cached(key, mustNotBuild, { onWait: () => waited.push(true) })
  assert.deepEqual([found.facts.from, waited], ['first', [true]])
  await first.ended
})

test('processes that begin at the same moment end with one artefact', async (t) => {
  const key = await emptyCache(t)
  const outputs = await Promise.all([1, 2, 3].map((number) => builder(t, key, `${number}`, 200).ended))
  const folders = new Set(outputs.map((output) => JSON.parse(output).folder))
  assert.equal(folders.size, 1)
  assert.equal((await contents(key)).length, 1)
})

test('who waits for a builder that is killed builds instead', async (t) => {
  const key = await emptyCache(t)
  const { child } = builder(t, key, 'killed', 60_000)
  await until(isBuilding(key), 'the build began')
  const artefact = await cached(key, writes('mine'), { onWait: () => child.kill('SIGKILL') })
  assert.equal(artefact.facts.text, 'mine')
  assert.equal((await contents(key)).length, 1)
})

import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Image, imageSchema } from '@ramet/model/api/host.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { toRootImage } from './build/root-image.ts'
import { cached } from './cache/cache.ts'
import { ImageLibrary } from './library.ts'
import type { CatalogEntry } from './recipes/catalog-entry.ts'
import { recipeHash } from './recipes/recipe.ts'

/** An image whose build waits until it is told how to end. */
async function world(t: TestContext, costs?: string) {
  const cacheFolder = await mkdtemp(join(tmpdir(), 'ramet-library-'))
  t.after(() => rm(cacheFolder, { recursive: true, force: true }))
  const builds: PromiseWithResolvers<void>[] = []
  const hash = recipeHash({ thing: '1' })
  const entry: CatalogEntry = {
    name: 'thing',
    aliases: ['other'],
    kind: 'image',
    description: 'A thing',
    ...(costs === undefined ? {} : { costs }),
    hash: async () => hash,
    open: toRootImage,
    async build({ report, signal, force }) {
      const key = { cacheFolder, kind: 'image', name: 'thing', recipeHash: hash }
      const end = Promise.withResolvers<void>()
      // A busy host may not have come to wait for it when the test ends it.
      end.promise.catch(() => {})
      signal?.addEventListener('abort', () => end.reject(signal.reason))
      builds.push(end)
      const build = async (folder: string) => {
        report({ step: 'half', message: 'Half of it', percent: 50 })
        await end.promise
        await writeFile(join(folder, 'root.qcow2'), 'x')
        return { sizeBytes: 1 }
      }
      return toRootImage(await cached(key, build, { signal, force }))
    },
  }
  const library = await ImageLibrary.open(cacheFolder, [entry])
  const begun = async (count: number) => {
    for (let tries = 0; builds.length < count; tries++) {
      assert.ok(tries < 400, `build ${count} never began`)
      await delay(5)
    }
    return builds[count - 1]!
  }
  const files = () => readdir(join(cacheFolder, 'image'))
  return { library, begun, builds, files, again: () => ImageLibrary.open(cacheFolder, [entry]) }
}

const only = (library: ImageLibrary): Image => {
  const [image] = library.list()
  return imageSchema.parse(image)
}

test('who requires an image while it is being built joins that build', async (t) => {
  const { library, begun, builds } = await world(t)
  assert.equal(only(library).state, 'absent')
  const messages: string[] = []
  const first = library.require('thing')
  const second = library.require('other', { report: ({ message }) => messages.push(message) })
  const build = await begun(1)
  assert.equal(only(library).state, 'building')
  build.resolve()
  assert.equal((await first).folder, (await second).folder)
  assert.equal(builds.length, 1)
  assert.ok(messages.includes('Half of it'))
  const ready = only(library)
  assert.deepEqual([ready.state, ready.bytes > 0, ready.progress], ['ready', true, undefined])
  assert.equal((await library.requireImage('thing')).sizeBytes, 1)
})

test('a failed build says why, and the next require tries again', async (t) => {
  const { library, begun } = await world(t)
  const first = library.require('thing')
  ;(await begun(1)).reject(new Error('the mirror is on fire'))
  await assert.rejects(first, (error) => error instanceof RametError && error.code === 'image_build_failed')
  const failed = only(library)
  assert.equal(failed.state, 'failed')
  assert.match(failed.error?.message ?? '', /on fire/)
  const second = library.require('thing')
  ;(await begun(2)).resolve()
  await second
  assert.equal(only(library).error, undefined)
})

test('a build that nobody waits for any more is cancelled and leaves nothing; the next require starts afresh', async (t) => {
  const { library, begun, files } = await world(t)
  const controller = new AbortController()
  const first = library.require('thing', { signal: controller.signal })
  await begun(1)
  controller.abort(new Error('changed my mind'))
  await assert.rejects(first, /changed my mind/)
  const second = library.require('thing')
  ;(await begun(2)).resolve()
  await second
  assert.equal((await files()).length, 1)
})

test('one who gives up does not take the build from those who still wait', async (t) => {
  const { library, begun } = await world(t)
  const controller = new AbortController()
  const first = library.require('thing', { signal: controller.signal })
  const second = library.require('thing')
  const build = await begun(1)
  controller.abort(new Error('changed my mind'))
  await assert.rejects(first, /changed my mind/)
  build.resolve()
  await second
})

test('a forced build replaces what later starts take; what is kept in use is not removed', async (t) => {
  const { library, begun } = await world(t)
  const first = library.require('thing')
  ;(await begun(1)).resolve()
  const old = await first
  const forced = library.build('thing')
  ;(await begun(2)).resolve()
  const fresh = await forced
  assert.notEqual(fresh.folder, old.folder)
  assert.equal((await library.find('thing'))?.folder, fresh.folder)
  await library.remove('thing', new Set([old.folder]))
  assert.deepEqual(
    (await library.versions('thing')).map(({ folder }) => folder),
    [old.folder],
  )
})

test('listeners hear states in their order, ending with the last', async (t) => {
  const { library, begun } = await world(t)
  const states: string[] = []
  const stop = library.onChange((image) => states.push(image.state))
  const built = library.require('thing')
  ;(await begun(1)).resolve()
  await built
  assert.deepEqual([...new Set(states)], ['building', 'ready'])
  stop()
})

test('closing cancels what is being built and waits until it left nothing', async (t) => {
  const { library, begun, files } = await world(t)
  const built = library.build('thing')
  await begun(1)
  // Listened to before it is rejected: closing may take several turns of the event loop.
  const cancelled = assert.rejects(built, (error) => error instanceof RametError && error.code === 'cancelled')
  await library.close()
  await cancelled
  assert.deepEqual(await files(), [])
})

test('a library opened later knows what was built and what was removed', async (t) => {
  const { library, begun, again } = await world(t)
  const built = library.require('thing')
  ;(await begun(1)).resolve()
  await built
  assert.equal(only(await again()).state, 'ready')
  await library.remove('thing')
  assert.deepEqual([only(library).state, only(await again()).state], ['absent', 'absent'])
})

test('an unknown name is told the known ones', async (t) => {
  const { library } = await world(t)
  await assert.rejects(library.require('thingg'), (error) => error instanceof RametError && /thing/.test(error.hint ?? ''))
})

test('what takes long to build is not built unasked, and who wants it joins a build that somebody asked for', async (t) => {
  const { library, begun, builds } = await world(t, 'It takes a day.')
  await assert.rejects(library.require('thing'), (error) => {
    assert.ok(error instanceof RametError)
    assert.equal(error.code, 'image_not_built')
    assert.match(`${error.message} ${error.hint}`, /It takes a day\. Build it once: ramet image build thing/)
    return true
  })
  assert.deepEqual([library.whyNoStart('thing')?.status, library.whyNoStart('other')?.status], [409, 409])
  assert.equal(only(library).state, 'absent')
  const asked = library.build('thing')
  const build = await begun(1)
  assert.match(only(library).progress?.message ?? '', /Half of it|It takes a day/)
  const wanted = library.require('thing')
  assert.equal(library.whyNoStart('thing'), undefined, 'it is under way')
  build.resolve()
  assert.equal((await wanted).folder, (await asked).folder)
  assert.equal((await library.require('thing')).folder, (await asked).folder)
  assert.equal(builds.length, 1)
})

test('a start begins by itself what costs little, and nothing of what is not known', async (t) => {
  const { library } = await world(t)
  assert.equal(library.whyNoStart('thing'), undefined)
  assert.equal(library.whyNoStart('oci://r.example.org/x:1'), undefined)
  for (const name of ['gone', 'thing+gpt', `build:web@sha256:${'0'.repeat(64)}`]) {
    const refusal = library.whyNoStart(name)
    assert.deepEqual([refusal?.code, refusal?.status], ['image_not_built', 422], name)
    assert.ok(refusal?.message.includes(name) && refusal.hint)
  }
})

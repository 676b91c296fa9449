import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostImages, HostStorage, RequireOptions } from '@ramet/engine'
import { imageNotBuilt, noSpace } from '@ramet/model/errors/errors.ts'
import type { RegistryAuth } from '@ramet/model/manifest/registry-auth.ts'
import { type Db, openDatabase } from '../store/database.ts'
import { ImageService } from './image-service.ts'

const name = 'oci://r.example.org/x:1'

/** A service over a library that has no space for the image the first `refusals` times. */
async function open(refusals: number, { isRoomMade = true } = {}) {
  const db = await openDatabase({ file: ':memory:' })
  const asked: (RegistryAuth | undefined)[] = []
  const sweeps: (number | undefined)[] = []
  const library = {
    list: () => [],
    async require(_: string, { registryAuth }: RequireOptions) {
      asked.push(registryAuth)
      if (asked.length <= refusals) throw noSpace('/cache', 2, 1)
      return { build: 'b', sizeBytes: 2 ** 30 }
    },
    importLayer: async () => ({ bytes: 1, lengthBytes: 1, modifiedAt: '1' }),
  } as unknown as HostImages
  const images = new ImageService({
    db,
    library,
    storage: { removeLayers: async () => {} } as unknown as HostStorage,
    registryAuths: { find: async (id) => (id === 'mine' ? { host: 'r.example.org', user: 'ann', password: 'x' } : undefined) },
    collector: {
      async makeRoom(needed) {
        sweeps.push(needed)
        return isRoomMade
      },
    },
    buildFailed() {},
  })
  return { db, images, asked, sweeps }
}

test('a pull that finds no space is tried again when unused images made room, and only then', async () => {
  const { db, images, asked, sweeps } = await open(1)
  await images.requireLayer(name)
  assert.equal(asked.length, 2)
  assert.deepEqual(sweeps, [undefined, Number.POSITIVE_INFINITY], 'before it as much as is little, after it all that may go')
  await db.destroy()
  const full = await open(9, { isRoomMade: false })
  await assert.rejects(full.images.requireLayer(name), { code: 'no_space' })
  assert.equal(full.asked.length, 1)
  await full.db.destroy()
})

test('a playground’s login goes along with what that playground needs', async () => {
  const { db, images, asked } = await open(0)
  await images.requireLayer(name, undefined, undefined, [], 'mine')
  await images.requireLayer(name, undefined, undefined, [], 'other')
  await images.requireLayer(name)
  assert.deepEqual(
    asked.map((auth) => auth?.user),
    ['ann', undefined, undefined],
  )
  await db.destroy()
})

test('an image that no start builds is looked for once more before a start is refused', async () => {
  let isHere = false
  const looks: string[] = []
  const library = {
    whyNoStart: (image: string) => (isHere ? undefined : imageNotBuilt(image, 'It takes a day.')),
    async inspect(image: string) {
      looks.push(image)
      isHere = looks.length > 1
    },
  } as unknown as HostImages
  const images = new ImageService({ db: {} as Db, library, storage: {} as HostStorage, buildFailed() {} })
  assert.equal((await images.whyNoStart('slow'))?.code, 'image_not_built')
  assert.equal(await images.whyNoStart('slow'), undefined, 'another server has built it')
  assert.equal(await images.whyNoStart('slow'), undefined)
  assert.deepEqual(looks, ['slow', 'slow'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Image } from '@ramet/model/api/host.ts'
import { manifestSpecSchema } from '@ramet/model/manifest/manifest.ts'
import { now, openDatabase } from '../store/database.ts'
import { setImage } from '../store/images.ts'
import { insertBuilding, markSealed } from '../store/layers.ts'
import { insertPlayground } from '../store/playgrounds.ts'
import { ImageCollector, unusedImages } from './image-collector.ts'

const gib = 1024 ** 3
const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3600_000).toISOString()
const image = (name: string, digest: string | undefined, usedHoursAgo: number, more: Partial<Image> = {}): Image => ({
  name,
  kind: 'image',
  description: '',
  state: 'ready',
  bytes: gib,
  lastUsedAt: hoursAgo(usedHoursAgo),
  ...(digest === undefined ? {} : { digest }),
  ...more,
})

const images = [
  image('debian-stable', undefined, 900),
  image('oci://r.example.org/named:1', 'sha256:named', 800),
  image('oci://r.example.org/saved:1', 'sha256:saved', 700),
  image('oci://r.example.org/old:1', 'sha256:old', 600),
  image('older', 'sha256:old', 600),
  image('oci://r.example.org/coming:1', 'sha256:coming', 500, { state: 'building' }),
  image('oci://r.example.org/middle:1', 'sha256:middle', 300),
  image('oci://r.example.org/young:1', 'sha256:young', 2),
  image('oci://r.example.org/now:1', 'sha256:now', 0),
]

/** A playground whose drive begins with one of them, and a saved one whose drive stands on another's layer. */
async function open() {
  const db = await openDatabase({ file: ':memory:' })
  const playground = async (id: string, source?: string) => {
    const machines = source === undefined ? [] : [{ name: 'm', drives: [{ source, mount: '/' }] }]
    const at = now()
    await insertPlayground(db, {
      id,
      name: id,
      owner_id: null,
      base: 'flexbox',
      base_id: null,
      saved_from: null,
      title: id,
      description: '',
      categories: '[]',
      markdown: null,
      cover: null,
      spec: JSON.stringify(manifestSpecSchema.parse({ machines })),
      created_at: at,
      updated_at: at,
      removed_at: null,
    })
  }
  await playground('a', 'docker://r.example.org/named:1')
  await playground('b')
  for (const [id, parentId] of [
    ['base', null],
    ['top', 'base'],
  ] as const) {
    await insertBuilding(db, { id, parentId, file: `layers/${id}.qcow2`, sizeBytes: gib })
    await markSealed(db, id, { bytes: 1, lengthBytes: 1, modifiedAt: '1' })
  }
  await setImage(db, { name: 'oci://r.example.org/saved:1', layerId: 'base', recipe: 'x' })
  await db.insertInto('playground_drives').values({ playground_id: 'b', machine: 'm', drive_index: 0, layer_id: 'top' }).execute()
  return db
}

test('what a playground names, what a saved drive stands on, what is built here and what was just used stays; the rest by age', async () => {
  const db = await open()
  const unused = await unusedImages(db, images)
  assert.deepEqual(
    unused.map(({ names }) => names),
    [['oci://r.example.org/old:1', 'older'], ['oci://r.example.org/middle:1'], ['oci://r.example.org/young:1']],
  )
  await db.destroy()
})

test('images go one after the other until there is space enough, and each is told', async () => {
  const db = await open()
  let free = gib
  const [there, removed, told, steps] = [[...images], [] as string[], [] as string[], [] as string[]]
  const collector = new ImageCollector({
    db,
    cacheFolder: '/nowhere',
    list: () => there,
    async remove(name) {
      const [gone] = there.splice(
        there.findIndex((each) => each.name === name),
        1,
      )
      removed.push(name)
      // The second name of the same is no file of its own.
      if (gone && !there.some(({ digest }) => digest === gone.digest)) free += gone.bytes
    },
    removed: ({ names }) => told.push(names.join(' ')),
    free: async () => free,
  })
  assert.equal(await collector.makeRoom(gib), false, 'there is enough')
  // Two at once are one sweep after the other.
  const [first, second] = await Promise.all([
    collector.makeRoom(3 * gib, ({ message }) => steps.push(message)),
    collector.makeRoom(3 * gib),
  ])
  assert.deepEqual([first, second], [true, false])
  assert.deepEqual(removed, ['oci://r.example.org/old:1', 'older', 'oci://r.example.org/middle:1'])
  assert.deepEqual(told, ['oci://r.example.org/old:1 older', 'oci://r.example.org/middle:1'])
  assert.match(steps[0] ?? '', /Removing oci:\/\/r\.example\.org\/old:1 \(1.GiB\), which nothing uses/)
  assert.equal(await collector.makeRoom(Number.POSITIVE_INFINITY), true, 'all that may go')
  assert.equal(await collector.makeRoom(Number.POSITIVE_INFINITY), false)
  assert.equal(there.length, 5)
  await db.destroy()
})

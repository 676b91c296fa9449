import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { publicImages } from '@ramet/engine/testing'
import { playgroundSchema } from '@ramet/model/api/wire.ts'
import { plainSpec } from '@ramet/model/api/wire-spec.ts'
import { InvalidInput } from '@ramet/model/errors/error.ts'
import { parseManifest } from '@ramet/model/manifest/parse-manifest.ts'
import { printManifest } from '@ramet/model/manifest/print-manifest.ts'
import { pino } from 'pino'
import { now, openDatabase } from '../store/database.ts'
import { insertBuilding, markSealed } from '../store/layers.ts'
import { readHere } from '../testing/read-here.ts'
import { Catalog } from './catalog/catalog.ts'
import { openPlaygrounds } from './playgrounds.ts'
import { RegistryAuths } from './registry-auths.ts'

const officialFolder = join(import.meta.dirname, '../../../../playgrounds')
const images = ['debian-stable', 'debian-docker', 'debian-services', 'debian-bpf', 'kubernetes', ...Object.keys(publicImages)]
const ann = { id: 'a', name: 'ann' }
const bob = { id: 'b', name: 'bob' }

async function open() {
  const db = await openDatabase({ file: ':memory:' })
  for (const user of [ann, bob])
    await db
      .insertInto('users')
      .values({ ...user, created_at: now() })
      .execute()
  const catalog = await Catalog.open({
    db,
    officialFolder,
    images: () => images,
    reader: readHere,
    log: pino({ level: 'silent' }),
  })
  return {
    db,
    playgrounds: openPlaygrounds({
      db,
      images: () => images,
      reader: readHere,
      registryAuths: new RegistryAuths('/nowhere'),
      catalog,
      webUrl: () => 'http://web',
      collect: async () => {},
    }),
  }
}

const names = async (list: Promise<{ name: string }[]>) => (await list).map(({ name }) => name).toSorted()
const web = { name: 'web', drives: [{ source: 'debian-stable', mount: '/' }] }

const catalogue = (await readdir(officialFolder)).toSorted()

test('the catalogue has its playgrounds, for everyone, in the shape of the API', async () => {
  const { db, playgrounds } = await open()
  assert.deepEqual(await names(playgrounds.list(ann, undefined)), catalogue)
  assert.deepEqual(await names(playgrounds.list(ann, 'base')), catalogue)
  const debian = await playgrounds.get(bob, 'debian')
  assert.equal(playgroundSchema.safeParse(JSON.parse(JSON.stringify(debian))).success, true)
  assert.equal(debian.owner, '')
  assert.equal(debian.machines[0]?.drives[0]?.source, 'debian-stable')
  await db.destroy()
})

test('a created playground gets a suffix, is its owner’s alone, and its manifest reads back', async () => {
  const { db, playgrounds } = await open()
  const made = await playgrounds.create(ann, { name: 'mine', base: 'flexbox', title: 'My own one', machines: [web] })
  assert.match(made.name, /^mine-[0-9a-f]{8}$/)
  assert.deepEqual(await names(playgrounds.list(ann, 'my-custom')), [made.name])
  assert.deepEqual(await names(playgrounds.list(bob, 'my-custom')), [])
  await assert.rejects(playgrounds.get(bob, made.name), { code: 'not_found' })
  await assert.rejects(playgrounds.remove(bob, made.name), { code: 'not_found' })
  const { spec } = parseManifest(printManifest(plainSpec(await playgrounds.get(ann, made.name))), 'printed', { images })
  assert.equal(spec.machines[0]?.name, 'web')
  await playgrounds.remove(ann, made.name)
  await assert.rejects(playgrounds.get(ann, made.name), { code: 'not_found' })
  await db.destroy()
})

test('what is left out comes from the base, and a base but flexbox fixes its machines', async () => {
  const { db, playgrounds } = await open()
  const made = await playgrounds.create(ann, { name: 'mine', base: 'debian', machines: null, tabs: null, networks: null })
  const debian = await playgrounds.get(ann, 'debian')
  assert.deepEqual(made.machines, debian.machines)
  assert.equal(made.title, debian.title)
  const other = await playgrounds.create(ann, { name: 'other', base: 'debian', machines: [web] })
  assert.deepEqual([other.base, other.warnings?.[0]?.code], ['flexbox', 'unknown_machine'], 'it is described in full')
  await assert.rejects(playgrounds.create(ann, { name: 'mine', base: 'debian', machines: [{ name: 'web' }] }), {
    code: 'unknown_machine',
  })
  await assert.rejects(playgrounds.create(ann, { name: 'mine', base: 'none' }), { code: 'unknown_base' })
  await assert.rejects(playgrounds.create(ann, { name: 'Bad Name', base: 'debian' }), InvalidInput)
  assert.deepEqual((await names(playgrounds.list(ann, 'my-custom'))).toSorted(), [made.name, other.name].toSorted())
  await db.destroy()
})

test('a name of full length leaves room for the suffix', async () => {
  const { db, playgrounds } = await open()
  const made = await playgrounds.create(ann, { name: 'x'.repeat(63), base: 'debian' })
  assert.equal(made.name.length, 63)
  await db.destroy()
})

test('official playgrounds cannot be removed', async () => {
  const { db, playgrounds } = await open()
  await assert.rejects(playgrounds.remove(ann, 'debian'), { code: 'official_playground' })
  await db.destroy()
})

test('a manifest as authors write it is taken with warnings, and printed with what nobody knows', async () => {
  const { db, playgrounds } = await open()
  const web = { name: 'web', drives: [{ source: 'debian-stable', mount: '/', size: '10GIB', format: 'ext4' }] }
  const body = { base: 'k8s-omni', title: 'Größe & Ordnung 🐙', machines: [web], accessControl: { canList: ['student:ann'] } }
  const made = await playgrounds.create(ann, { ...body, unknownFields: [{ path: ['author'], value: '🐧' }] })
  assert.match(made.name, /^grosse-ordnung-[0-9a-f]{8}$/)
  assert.equal(made.base, 'flexbox')
  assert.deepEqual(
    made.warnings?.map(({ code, where }) => [code, where]),
    [
      ['unknown_field', 'machines[0].drives[0].format'],
      ['unknown_base', 'base'],
      ['not_acted_on', 'accessControl.canList[0]'],
    ],
  )
  const kept = await playgrounds.get(ann, made.name)
  assert.equal(kept.warnings, undefined)
  assert.equal(playgroundSchema.safeParse(JSON.parse(JSON.stringify(kept))).success, true)
  const printed = printManifest(plainSpec(kept))
  assert.match(printed, /^author: 🐧$/m)
  assert.match(printed, /size: 10GIB\n +format: ext4\n/)
  await assert.rejects(playgrounds.create(ann, { ...body, strict: true }), { code: 'unknown_field' })
  await db.destroy()
})

test('checkManifest knows images and official bases', async () => {
  const { db, playgrounds } = await open()
  const problems = await playgrounds.checkManifest(
    ann,
    'kind: playground\ntitle: Testing\nbase: debian\nplayground:\n  machines: [{name: web}]\n',
    'f.yaml',
  )
  assert.deepEqual(
    problems.map(({ code, where }) => [code, where]),
    [['unknown_machine', 'f.yaml:5:21']],
  )
  await db.destroy()
})

test('checkManifest knows a playground of one’s own as a base, and none of others', async () => {
  const { db, playgrounds } = await open()
  const { name } = await playgrounds.create(ann, { name: 'mine', base: 'flexbox', machines: [web] })
  const codes = async (user: typeof ann) =>
    (await playgrounds.checkManifest(user, `kind: playground\nbase: ${name}\ntitle: Testing\nplayground: {}\n`, 'f.yaml')).map(
      ({ code }) => code,
    )
  assert.deepEqual([await codes(ann), await codes(bob)], [[], ['unknown_base']])
  await db.destroy()
})

test('what is made from a saved playground begins with what that has on the drives it describes alike', async () => {
  const { db, playgrounds } = await open()
  const saved = await playgrounds.create(ann, { name: 'saved', base: 'debian' })
  await insertBuilding(db, { id: 'kept', parentId: null, file: 'layers/kept.qcow2', sizeBytes: 20 * 1024 ** 3 })
  await markSealed(db, 'kept', { bytes: 1, lengthBytes: 1, modifiedAt: '0' })
  await db
    .insertInto('playground_drives')
    .values({ playground_id: saved.id, machine: 'debian', drive_index: 0, layer_id: 'kept' })
    .execute()
  const layerOf = async (drives: unknown) => {
    const machines = [{ name: 'debian', drives }]
    const { id } = await playgrounds.create(ann, { name: 'child', base: saved.name, machines })
    const row = await db.selectFrom('playground_drives').select('layer_id').where('playground_id', '=', id).executeTakeFirst()
    return row?.layer_id
  }
  const drive = { source: 'debian-stable', mount: '/' }
  assert.equal(await layerOf(null), 'kept')
  assert.equal(await layerOf([drive]), 'kept')
  assert.equal(await layerOf([{ ...drive, size: '40GiB' }]), 'kept', 'it may be larger')
  assert.equal(await layerOf([{ ...drive, size: '10GiB' }]), undefined, 'a smaller one cannot hold it')
  assert.deepEqual((await playgrounds.remove(ann, saved.name)).playgrounds.length, 4)
  await db.destroy()
})

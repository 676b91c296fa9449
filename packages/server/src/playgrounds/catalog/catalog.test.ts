import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { openDatabase } from '../../store/database.ts'
import { findPlayground, listPlaygrounds } from '../../store/playgrounds.ts'
import { readHere } from '../../testing/read-here.ts'
import { specOf } from '../bases.ts'
import { Catalog } from './catalog.ts'

const officialFolder = join(import.meta.dirname, '../../../../../playgrounds')
const images = ['debian-stable']

const manifest = (title: string, more = '') => `kind: playground
title: ${title}
playground:
  machines:
    - name: one
      drives: [{ source: debian-stable, mount: / }]
${more}`

const files = (source: string) => `      startupFiles: [{ path: /etc/motd, source: ${source} }]\n`

/** A team's folder with what is written into it, and the catalogue over it with one official playground. */
async function world(t: TestContext) {
  const home = await mkdtemp(join(tmpdir(), 'ramet-team-'))
  const team = join(home, 'team')
  const own = join(home, 'official')
  const db = await openDatabase({ file: ':memory:' })
  const stack = new AsyncDisposableStack()
  t.after(async () => {
    await stack.disposeAsync()
    await db.destroy()
    await rm(home, { recursive: true })
  })
  const write = async (path: string, text: string, into = team) => {
    await mkdir(join(into, path, '..'), { recursive: true })
    await writeFile(join(into, path), text)
  }
  await mkdir(team)
  await write('debian/manifest.yaml', manifest('Ours, always there'), own)
  const open = async (teamFolder: string | null = team) =>
    stack.use(
      await Catalog.open({
        db,
        officialFolder: own,
        teamFolder: teamFolder ?? undefined,
        images: () => images,
        reader: readHere,
        log: pino({ level: 'silent' }),
      }),
    )
  const names = async () => (await listPlaygrounds(db)).map(({ name }) => name).toSorted()
  const until = async (what: string, is: () => Promise<boolean>) => {
    for (const end = Date.now() + 20_000; !(await is()); await new Promise((done) => setTimeout(done, 50)))
      if (Date.now() > end) assert.fail(`waited in vain for ${what}`)
  }
  return { home, team, db, write, open, names, until }
}

const told = (catalog: Catalog) =>
  catalog.broken().map(({ name, problems }) => `${name}: ${problems.map(({ where, code }) => `${where} ${code}`).join(', ')}`)

test('every playground that comes with Ramet is good', async (t) => {
  const db = await openDatabase({ file: ':memory:' })
  t.after(() => db.destroy())
  const { publicImages } = await import('@ramet/engine/testing')
  const all = ['debian-stable', 'debian-docker', 'debian-services', 'debian-bpf', 'kubernetes', ...Object.keys(publicImages)]
  const log = pino({ level: 'silent' })
  await using catalog = await Catalog.open({ db, officialFolder, images: () => all, reader: readHere, log })
  assert.ok(catalog.bases().length > 5)
  for (const { name, markdown, description } of await listPlaygrounds(db)) {
    assert.match(markdown ?? '', /^# \S/, `${name} has a page`)
    assert.notEqual(description, '', `${name} says what it is`)
  }
})

test('a broken playground of the team’s folder is told with its place and hides no other', async (t) => {
  const { write, open, names } = await world(t)
  await write('lab/manifest.yaml', manifest('Our own lab'))
  await write('lab/README.md', '# Lab\n')
  await write('typo/manifest.yaml', manifest('Has a typo', '      nosuch: true\n      resources: {ramSize: lots}\n'))
  await write('empty/notes.txt', '')
  await write('README.md', 'What this folder is.')
  await write('.git/config', '')
  const catalog = await open()
  assert.deepEqual(await names(), ['debian', 'lab'])
  assert.deepEqual([catalog.isTeams('lab'), catalog.isTeams('debian')], [true, false])
  assert.deepEqual(told(catalog), [
    'empty: empty/manifest.yaml no_such_file',
    'typo: typo/manifest.yaml:8:28 invalid_value, typo/manifest.yaml:7:7 unknown_field',
  ])
})

test('changes are seen without a restart: new, mended, broken and removed ones', async (t) => {
  const { team, write, open, names, until, db } = await world(t)
  await write('lab/manifest.yaml', manifest('Our own lab'))
  const catalog = await open()
  await write('second/manifest.yaml', manifest('A second one'))
  await until('the second', async () => (await names()).includes('second'))
  const id = (await findPlayground(db, 'lab'))?.id
  await write('lab/manifest.yaml', manifest('Our better lab'))
  await until('the new title', async () => (await findPlayground(db, 'lab'))?.title === 'Our better lab')
  await write('lab/manifest.yaml', 'kind: playground\n')
  await until('the fault', async () => told(catalog).length === 1)
  assert.equal((await findPlayground(db, 'lab'))?.title, 'Our better lab', 'it stays as it was when it was good')
  await write('lab/manifest.yaml', manifest('Our mended lab'))
  await until('the mended one', async () => (await findPlayground(db, 'lab'))?.title === 'Our mended lab')
  assert.equal((await findPlayground(db, 'lab'))?.id, id)
  assert.deepEqual(catalog.broken(), [])
  await rm(join(team, 'lab'), { recursive: true })
  await until('it to leave', async () => !(await names()).includes('lab'))
  assert.deepEqual(await names(), ['debian', 'second'])
})

test('a startup file comes from a file beside the manifest, and a change of that file is seen', async (t) => {
  const { write, open, until, db } = await world(t)
  await write('lab/manifest.yaml', manifest('Our own lab', files('files/motd')))
  await write('lab/files/motd', 'Hello\n')
  const catalog = await open()
  const content = async () => {
    const row = await findPlayground(db, 'lab')
    return row && specOf(row).machines[0]?.startupFiles[0]?.content
  }
  assert.equal(await content(), 'Hello\n')
  assert.deepEqual(catalog.broken(), [])
  await write('lab/files/motd', 'Hello again\n')
  await until('the new text', async () => (await content()) === 'Hello again\n')
})

test('what leads out of the folder, is no file, no text, or far too large is refused with its place', async (t) => {
  const { home, team, write, open, names } = await world(t)
  await write('secret', 'root:x\n', home)
  for (const name of ['to-file', 'to-folder', 'to-page', 'pipe', 'huge', 'binary', 'gone', 'up', 'steering'])
    await write(`${name}/manifest.yaml`, manifest('With a file of its own', files('files/motd')))
  await symlink(join(home, 'secret'), await folder(team, 'to-file/files', 'motd'))
  await symlink(home, join(team, 'to-folder/files'))
  await symlink(join(home, 'secret'), join(team, 'to-page/README.md'))
  execFileSync('mkfifo', [await folder(team, 'pipe/files', 'motd')])
  await write('huge/files/motd', '')
  await truncate(join(team, 'huge/files/motd'), 2 ** 40)
  await writeFile(await folder(team, 'binary/files', 'motd'), Buffer.from([0xff, 0xfe, 0]))
  await write('up/manifest.yaml', manifest('Climbs out', files('../../secret')))
  await write('steering/README.md', '# Page \x1b[2J\n')
  await symlink(home, join(team, 'linked'))
  await write('Bad\x1bName/manifest.yaml', manifest('Named badly'))
  const catalog = await open()
  assert.deepEqual(await names(), ['debian'])
  assert.deepEqual(told(catalog), [
    'Bad^[Name: Bad^[Name invalid_value',
    'binary: binary/manifest.yaml:7:49 not_text',
    'gone: gone/manifest.yaml:7:49 no_such_file',
    'huge: huge/manifest.yaml:7:49 file_too_large',
    'linked: linked not_a_file',
    'pipe: pipe/manifest.yaml:7:49 not_a_file',
    'steering: steering/README.md invalid_value',
    'to-file: to-file/manifest.yaml:7:49 not_a_file',
    'to-folder: to-folder/manifest.yaml:7:49 not_a_file',
    'to-page: to-page/README.md not_a_file',
    'up: up/manifest.yaml:7:49 invalid_value',
  ])
})

async function folder(team: string, path: string, name: string): Promise<string> {
  await mkdir(join(team, path), { recursive: true })
  return join(team, path, name)
}

test('names that others have are refused: an official one’s, somebody’s own, one that differs from the folder’s; and so is a password', async (t) => {
  const { write, open, names, db } = await world(t)
  await db.insertInto('users').values({ id: 'a', name: 'ann', created_at: '' }).execute()
  await write('debian/manifest.yaml', manifest('Takes the place of ours'))
  await write('lab/manifest.yaml', `name: other\n${manifest('Our own lab')}`)
  await write('mine/manifest.yaml', manifest('Takes the place of mine'))
  await write('secret/manifest.yaml', manifest('Has a password', '  registryAuth: ann:secret\n'))
  const row = {
    id: 'm',
    name: 'mine',
    owner_id: 'a',
    base: 'debian',
    base_id: null,
    saved_from: null,
    title: 'Mine',
    description: '',
  }
  const rest = { categories: '[]', markdown: null, cover: null, spec: '{}', created_at: '', updated_at: '', removed_at: null }
  await db
    .insertInto('playgrounds')
    .values({ ...row, ...rest })
    .execute()
  const catalog = await open()
  assert.deepEqual(told(catalog).toSorted(), [
    'debian: undefined name_taken',
    'lab: lab/manifest.yaml:1:7 name_of_folder',
    'mine: undefined name_taken',
    'secret: secret/manifest.yaml:7:3 not_in_catalog',
  ])
  assert.deepEqual(await names(), ['debian', 'mine'])
  assert.equal((await findPlayground(db, 'debian'))?.title, 'Ours, always there')
})

test('a folder that is away for a while takes nothing from the catalogue; a server without one does', async (t) => {
  const { team, write, open, names, until } = await world(t)
  await write('lab/manifest.yaml', manifest('Our own lab'))
  const catalog = await open()
  await rename(team, `${team}-away`)
  await until('the fault', async () => told(catalog).length === 1)
  assert.match(told(catalog)[0] ?? '', /^RAMET_CATALOG: undefined catalog_not_readable$/)
  assert.deepEqual(await names(), ['debian', 'lab'])
  await rename(`${team}-away`, team)
  await catalog.look()
  assert.deepEqual(catalog.broken(), [])
  await catalog[Symbol.asyncDispose]()
  await open(null)
  assert.deepEqual(await names(), ['debian'])
})

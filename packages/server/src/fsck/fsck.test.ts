import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFile, chmod, link, mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sealedFile } from '@ramet/engine/disk/sealed-file.ts'
import type { RunState } from '@ramet/model/run/run-state.ts'
import { sql } from 'kysely'
import { type Db, openDatabase } from '../store/database.ts'
import { setImage } from '../store/images.ts'
import { insertBuilding, markSealed } from '../store/layers.ts'
import { insertPlayground } from '../store/playgrounds.ts'
import { fsck } from './fsck.ts'

const at = '2030-01-01T00:00:00.000Z'
const on = 'a'.repeat(24)
const off = 'b'.repeat(24)
const kept = 'd'.repeat(24)

interface Home {
  readonly db: Db
  readonly home: string
}

/** A home with an image of two layers, a running run with a overlay, a stopped one, one stopped with its memory, and a destroyed one; all of it in order. */
async function healthy(body: (home: Home) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'ramet-fsck-'))
  const db = await openDatabase({ file: join(home, 'ramet.sqlite') })
  try {
    await mkdir(join(home, 'layers'))
    for (const [id, parentId] of [
      ['root', null],
      ['tip', 'root'],
    ] as const) {
      await insertBuilding(db, { id, parentId, file: `layers/${id}.qcow2`, sizeBytes: 1024 })
      await writeFile(join(home, `layers/${id}.qcow2`), '')
      await markSealed(db, id, await sealedFile(join(home, `layers/${id}.qcow2`)))
    }
    await insertBuilding(db, { id: 'next', parentId: 'tip', file: 'layers/next.qcow2', sizeBytes: 1024 })
    await writeFile(join(home, 'layers/next.qcow2.0a1b.tmp'), '')
    await setImage(db, { name: 'debian-stable', layerId: 'tip', recipe: 'r' })
    await db.insertInto('users').values({ id: 'u', name: 'ann', created_at: at }).execute()
    const texts = { title: 't', description: '', categories: '[]', markdown: null, cover: null, spec: '{"machines":[]}' }
    await insertPlayground(db, {
      id: 'p',
      name: 'p',
      owner_id: null,
      base: 'p',
      ...texts,
      created_at: at,
      updated_at: at,
      removed_at: null,
    })
    await db
      .insertInto('playground_drives')
      .values({ playground_id: 'p', machine: 'm', drive_index: 0, layer_id: 'tip' })
      .execute()
    await snapshot(db, home)
    await run(db, home, on, 1, 'RUNNING', null)
    await run(db, home, off, 2, 'STOPPED', null)
    await run(db, home, kept, 4, 'STOPPED', 's')
    await db.updateTable('drives').set({ overlay: null }).where('run_id', '=', kept).execute()
    await rm(join(home, `runs/${kept}/drives/m-0.qcow2`))
    await run(db, home, 'c'.repeat(24), 3, 'DESTROYED', null)
    await body({ db, home })
  } finally {
    await db.destroy()
    await rm(home, { recursive: true })
  }
}

async function snapshot(db: Db, home: string): Promise<void> {
  await mkdir(join(home, 'snapshots/s'), { recursive: true })
  await writeFile(join(home, 'snapshots/s/ram'), 'x'.repeat(64))
  await writeFile(join(home, 'snapshots/s/device'), '')
  await db.insertInto('snapshots').values({ id: 's', origin_kind: 'run', origin_id: kept, at, stamp: '{}' }).execute()
  const files = { device_state_file: 'snapshots/s/device', ram_file: 'snapshots/s/ram', ram_bytes: 64 }
  await db
    .insertInto('snapshot_machines')
    .values({ snapshot_id: 's', machine: 'm', ...files })
    .execute()
  await db.insertInto('snapshot_drives').values({ snapshot_id: 's', machine: 'm', drive_index: 0, layer_id: 'tip' }).execute()
}

async function run(db: Db, home: string, id: string, shortId: number, state: RunState, resumeFrom: string | null): Promise<void> {
  const plan = { networks: [], machines: [{ name: 'm', drives: [{ sizeBytes: 2048 }] }] }
  const names = { playground_id: 'p', playground_name: 'p', playground_title: 't', title: 't' }
  const wanted = state === 'RUNNING' ? 'RUNNING' : state === 'STOPPED' ? 'STOPPED' : 'DESTROYED'
  const texts = { plan: JSON.stringify(plan), failure: null, lease: null, resume_from: resumeFrom }
  const times = { created_at: at, updated_at: at, last_state_at: at }
  await db
    .insertInto('runs')
    .values({ id, short_id: shortId, owner_id: 'u', ...names, wanted, state, ...texts, ...times })
    .execute()
  await db.insertInto('state_events').values({ run_id: id, seq: 1, state, at, error: null }).execute()
  if (state === 'DESTROYED') return
  await db
    .insertInto('run_machines')
    .values({ run_id: id, name: 'm', machine_index: 0, state, conditions: '[]' } as never)
    .execute()
  await db
    .insertInto('drives')
    .values({ run_id: id, machine: 'm', drive_index: 0, layer_id: 'tip', overlay: 'm-0.qcow2', size_bytes: 2048 })
    .execute()
  await mkdir(join(home, `runs/${id}/drives`), { recursive: true })
  await writeFile(join(home, `runs/${id}/drives/m-0.qcow2`), '')
}

const query = (db: Db, text: string) => sql.raw(text).execute(db)
const breakRows =
  (...statements: string[]) =>
  async ({ db }: Home) => {
    await query(db, 'pragma foreign_keys = off')
    for (const statement of statements) await query(db, statement)
  }

test('a home in order has no findings', () =>
  healthy(async ({ db, home }) => assert.deepEqual(await fsck({ db, home, againAfterMs: 0 }), [])))

/** One break each, and every code that must then be found. */
const breaks: Record<string, [string[], (home: Home) => Promise<unknown>]> = {
  'a layer’s file is gone': [['layer_file_missing'], ({ home }) => rm(join(home, 'layers/root.qcow2'))],
  'a layer can be written': [['layer_writable'], ({ home }) => chmod(join(home, 'layers/root.qcow2'), 0o666)],
  'a layer can be read by root alone': [['layer_unreadable'], ({ home }) => chmod(join(home, 'layers/root.qcow2'), 0o600)],
  'a layer was appended to': [['layer_changed'], ({ home }) => appendFile(join(home, 'layers/root.qcow2'), 'x')],
  'a layer was written to': [['layer_changed'], ({ home }) => utimes(join(home, 'layers/root.qcow2'), 1, 1)],
  'a layer takes more than is written down': [['layer_bytes'], breakRows("update layers set bytes = 4096 where id = 'root'")],
  'a overlay is the file of a layer': [
    ['top_sealed'],
    async ({ home }) => {
      await rm(join(home, `runs/${off}/drives/m-0.qcow2`))
      await link(join(home, 'layers/tip.qcow2'), join(home, `runs/${off}/drives/m-0.qcow2`))
    },
  ],
  'a overlay cannot be written': [['top_not_writable'], ({ home }) => chmod(join(home, `runs/${off}/drives/m-0.qcow2`), 0o440)],
  'a layer’s file is outside the home': [
    ['layer_file_name', 'layer_file_leaked'],
    breakRows("update layers set file = '../x.qcow2' where id = 'root'"),
  ],
  'a sealed layer has a temporary name': [
    ['layer_file_name', 'layer_file_leaked'],
    breakRows("update layers set file = 'layers/x.tmp' where id = 'root'"),
  ],
  'a file without a layer': [['layer_file_leaked'], ({ home }) => writeFile(join(home, 'layers/stray.qcow2'), '')],
  'a layer left half-made': [['layer_file_leaked'], ({ home }) => writeFile(join(home, 'layers/tip.qcow2.0a1b.tmp'), '')],
  'a parent is gone': [
    ['layer_parent_missing', 'store_damaged', 'layer_file_leaked'],
    breakRows("delete from layers where id = 'root'"),
  ],
  'layers stand on each other': [['layer_cycle'], breakRows("update layers set parent_id = 'tip' where id = 'root'")],
  'a layer stands on an unfinished one': [
    ['layer_on_building'],
    breakRows("update layers set state = 'building' where id = 'root'"),
  ],
  'things are held that are unfinished': [
    ['held_layer_not_sealed', 'layer_on_building'],
    breakRows("update layers set state = 'building' where id = 'tip'"),
  ],
  'a drive’s layer is gone': [
    ['held_layer_missing', 'store_damaged'],
    breakRows(`update drives set layer_id = 'none' where run_id = '${on}'`),
  ],
  'a playground’s layer is gone': [
    ['held_layer_missing', 'store_damaged'],
    breakRows("update playground_drives set layer_id = 'none'"),
  ],
  'an image’s layer is gone': [['held_layer_missing', 'store_damaged'], breakRows("update images set layer_id = 'none'")],
  'a snapshot’s layer is gone': [
    ['held_layer_missing', 'run_snapshot_elsewhere', 'store_damaged'],
    breakRows("update snapshot_drives set layer_id = 'none'"),
  ],
  'a drive is smaller than its layer': [
    ['drive_cut_off'],
    breakRows(`update drives set size_bytes = 512 where run_id = '${on}'`),
  ],
  'a overlay is gone': [['top_missing'], ({ home }) => rm(join(home, `runs/${on}/drives/m-0.qcow2`))],
  'a overlay without a drive': [['top_leaked'], ({ home }) => writeFile(join(home, `runs/${off}/drives/m-1.qcow2`), '')],
  'a folder without a run': [['run_folder_leaked'], ({ home }) => mkdir(join(home, 'runs/stray'))],
  'a folder of a destroyed run': [['run_folder_leaked'], ({ home }) => mkdir(join(home, `runs/${'c'.repeat(24)}.tmp`))],
  'a folder half removed': [['leftover_temporary'], ({ home }) => mkdir(join(home, `runs/${off}.tmp`))],
  'a destroyed run holds a layer': [
    ['run_destroyed_holds'],
    breakRows(`insert into drives values ('${'c'.repeat(24)}', 'm', 0, 'tip', null, 2048, null)`),
  ],
  'a run lost its machines': [['run_machines'], breakRows(`delete from run_machines where run_id = '${on}'`)],
  'a run lost its drives': [['run_drives', 'top_leaked'], breakRows(`delete from drives where run_id = '${on}'`)],
  'a plan cannot be read': [['run_plan'], breakRows(`update runs set plan = '{' where id = '${on}'`)],
  'a running run has failed': [['run_failure'], breakRows(`update runs set failure = '{}' where id = '${on}'`)],
  'state and history differ': [['run_history'], breakRows(`update state_events set state = 'FAILED' where run_id = '${on}'`)],
  'a snapshot to resume from is gone': [
    ['run_snapshot_missing', 'snapshot_unheld', 'store_damaged'],
    breakRows(`update runs set resume_from = 'none' where id = '${kept}'`),
  ],
  'a snapshot lacks its machines': [
    ['snapshot_incomplete', 'snapshot_file_leaked'],
    breakRows("delete from snapshot_machines where snapshot_id = 's'"),
  ],
  'a snapshot’s memory is gone': [['snapshot_file_missing'], ({ home }) => rm(join(home, 'snapshots/s/ram'))],
  'a snapshot’s memory is cut off': [['snapshot_file_short'], ({ home }) => writeFile(join(home, 'snapshots/s/ram'), 'x')],
  'a snapshot’s memory is longer than it was': [
    ['snapshot_file_short'],
    ({ home }) => writeFile(join(home, 'snapshots/s/ram'), 'x'.repeat(65)),
  ],
  'nothing resumes from a snapshot': [['snapshot_unheld'], breakRows(`update runs set resume_from = null where id = '${kept}'`)],
  'a folder without a snapshot': [['snapshot_folder_leaked'], ({ home }) => mkdir(join(home, 'snapshots/stray'))],
  'a file that is of no machine of a snapshot': [
    ['snapshot_file_leaked'],
    ({ home }) => writeFile(join(home, 'snapshots/s/stray'), ''),
  ],
  'a run stopped with its memory was written to since': [
    ['run_snapshot_elsewhere'],
    async (home) => {
      await writeFile(join(home.home, `runs/${kept}/drives/m-0.qcow2`), '')
      await breakRows(`update drives set overlay = 'm-0.qcow2' where run_id = '${kept}'`)(home)
    },
  ],
  'a run stopped with its memory stands elsewhere': [
    ['run_snapshot_elsewhere'],
    breakRows(`update drives set layer_id = 'root' where run_id = '${kept}'`),
  ],
  'a running run would resume': [
    ['run_would_resume'],
    breakRows(
      `update runs set state = 'RUNNING' where id = '${kept}'`,
      `update state_events set state = 'RUNNING' where run_id = '${kept}'`,
    ),
  ],
  'a run that is off maps a snapshot': [
    ['run_maps_snapshot'],
    breakRows(`update runs set maps_snapshot = 's' where id = '${off}'`),
  ],
  'an old file under a temporary name': [
    ['leftover_temporary'],
    async ({ home }) => {
      await writeFile(join(home, 'key.0a.tmp'), '')
      await utimes(join(home, 'key.0a.tmp'), 0, 0)
    },
  ],
}

for (const [says, [codes, breakIt]] of Object.entries(breaks)) {
  test(`${says}: found`, () =>
    healthy(async ({ db, home }) => {
      await breakIt({ db, home })
      const found = await fsck({ db, home, againAfterMs: 0 })
      assert.deepEqual(
        [...new Set(found.map(({ code }) => code))].toSorted(),
        codes.toSorted(),
        JSON.stringify(found, undefined, 1),
      )
      for (const { subject, message } of found) assert.ok(subject !== '' && message !== '')
    }))
}

test('what was only on its way is not reported: a second look must show it too', () =>
  healthy(async ({ db, home }) => {
    const file = join(home, 'layers/root.qcow2')
    await rename(file, `${file}.away`)
    const findings = fsck({ db, home, againAfterMs: 400 })
    await new Promise((resolve) => setTimeout(resolve, 150))
    await rename(`${file}.away`, file)
    assert.deepEqual(await findings, [])
  }))

test('files of a run that is starting or being destroyed are not judged', () =>
  healthy(async ({ db, home }) => {
    await writeFile(join(home, `runs/${on}/drives/m-1.qcow2`), '')
    for (const state of ['STARTING', 'DESTROYING']) {
      await query(db, `update runs set state = '${state}' where id = '${on}'`)
      await query(db, `update state_events set state = '${state}' where run_id = '${on}'`)
      assert.deepEqual(await fsck({ db, home, againAfterMs: 0 }), [])
    }
  }))

test('insides are looked into for layers and for overlays of stopped runs only', () =>
  healthy(async ({ db, home }) => {
    const asked: string[] = []
    const findings = await fsck({
      db,
      home,
      againAfterMs: 0,
      checkFile: async (file) => {
        asked.push(file.slice(home.length + 1))
        return file.includes('tip') ? ['it is corrupt'] : []
      },
    })
    assert.deepEqual(asked.toSorted(), ['layers/root.qcow2', 'layers/tip.qcow2', `runs/${off}/drives/m-0.qcow2`])
    assert.deepEqual(findings, [{ code: 'layer_damaged', subject: 'layer tip', message: 'layers/tip.qcow2: it is corrupt.' }])
  }))

test('a overlay that a restart began to use while it was checked is not reported', () =>
  healthy(async ({ db, home }) => {
    const checkFile = async (file: string) => {
      if (!file.includes(off)) return []
      await query(db, `update runs set state = 'STARTING', last_state_at = 'later' where id = '${off}'`)
      return ['it is corrupt']
    }
    assert.deepEqual(await fsck({ db, home, againAfterMs: 0, checkFile }), [])
  }))

test('the program looks beside an open store, prints findings and exits 1; without a home it exits 2', () =>
  healthy(async ({ home }) => {
    const main = (at: string) =>
      spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts')], {
        env: { ...process.env, RAMET_HOME: at },
        encoding: 'utf8',
      })
    await writeFile(join(home, 'layers/stray.qcow2'), '')
    const found = main(home)
    assert.equal(found.status, 1, found.stderr)
    assert.match(found.stdout, /^layer_file_leaked {2}layers\/stray\.qcow2: /m)
    assert.equal(main(join(home, 'none')).status, 2)
  }))

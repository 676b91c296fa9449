import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openInspection } from '@ramet/engine'
import { sealedFile } from '@ramet/engine/testing'
import type { RunState } from '@ramet/model/run/run-state.ts'
import { sql } from 'kysely'
import type { FsckOptions } from '../fsck/fsck.ts'
import { type Db, openDatabase } from '../store/database.ts'
import { setImage } from '../store/images.ts'
import { insertBuilding, markSealed } from '../store/layers.ts'
import { insertPlayground } from '../store/playgrounds.ts'
import { planWithDrives } from './plan-with-drives.ts'

const at = '2030-01-01T00:00:00.000Z'
/** Ids of the runs: running, stopped, and stopped with its memory. */
export const on = 'a'.repeat(24)
export const off = 'b'.repeat(24)
export const kept = 'd'.repeat(24)

export interface Home {
  readonly db: Db
  readonly home: string
  /** Of `fsck`, looking again at once. */
  readonly options: FsckOptions
}

/** A home with an image of two layers, a running run with an overlay, a stopped one, one stopped with its memory, and a destroyed one; all of it in order. */
export async function healthy(body: (home: Home) => Promise<void>): Promise<void> {
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
    await body({ db, home, options: { db, files: openInspection(home), againAfterMs: 0 } })
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
  const names = { playground_id: 'p', playground_name: 'p', playground_title: 't', title: 't' }
  const wanted = state === 'RUNNING' ? 'RUNNING' : state === 'STOPPED' ? 'STOPPED' : 'DESTROYED'
  const texts = { plan: JSON.stringify(planWithDrives([2048])), failure: null, lease: null, resume_from: resumeFrom }
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

/** Runs SQL as it stands. */
export const query = (db: Db, text: string) => sql.raw(text).execute(db)

import assert from 'node:assert/strict'
import { appendFile, chmod, link, mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Home, healthy, kept, off, on, query } from '../testing/healthy-home.ts'
import { fsck } from './fsck.ts'

const breakRows =
  (...statements: string[]) =>
  async ({ db }: Home) => {
    await query(db, 'pragma foreign_keys = off')
    for (const statement of statements) await query(db, statement)
  }

/** One break each, and every code that must then be found. */
const breaks: Record<string, [string[], (home: Home) => Promise<unknown>]> = {
  'a layer’s file is gone': [['layer_file_missing'], ({ home }) => rm(join(home, 'layers/root.qcow2'))],
  'a layer can be written': [['layer_writable'], ({ home }) => chmod(join(home, 'layers/root.qcow2'), 0o666)],
  'a layer can be read by root alone': [['layer_unreadable'], ({ home }) => chmod(join(home, 'layers/root.qcow2'), 0o600)],
  'a layer was appended to': [['layer_changed'], ({ home }) => appendFile(join(home, 'layers/root.qcow2'), 'x')],
  'a layer was written to': [['layer_changed'], ({ home }) => utimes(join(home, 'layers/root.qcow2'), 1, 1)],
  'a layer takes less than is written down': [
    ['layer_bytes'],
    breakRows("update layers set bytes = bytes + 100000 where id = 'root'"),
  ],
  'an overlay is the file of a layer': [
    ['top_sealed'],
    async ({ home }) => {
      await rm(join(home, `runs/${off}/drives/m-0.qcow2`))
      await link(join(home, 'layers/tip.qcow2'), join(home, `runs/${off}/drives/m-0.qcow2`))
    },
  ],
  'an overlay cannot be written': [['top_not_writable'], ({ home }) => chmod(join(home, `runs/${off}/drives/m-0.qcow2`), 0o440)],
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
  'an overlay is gone': [['top_missing'], ({ home }) => rm(join(home, `runs/${on}/drives/m-0.qcow2`))],
  'an overlay without a drive': [['top_leaked'], ({ home }) => writeFile(join(home, `runs/${off}/drives/m-1.qcow2`), '')],
  'a folder without a run': [['run_folder_leaked'], ({ home }) => mkdir(join(home, 'runs/stray'))],
  'a folder of a destroyed run': [['run_folder_leaked'], ({ home }) => mkdir(join(home, `runs/${'c'.repeat(24)}.tmp`))],
  'a folder half removed': [['leftover_temporary'], ({ home }) => mkdir(join(home, `runs/${off}.tmp`))],
  'a destroyed run holds a layer': [
    ['run_destroyed_holds'],
    breakRows(
      `insert into drives (run_id, machine, drive_index, layer_id, size_bytes) values ('${'c'.repeat(24)}', 'm', 0, 'tip', 2048)`,
    ),
  ],
  'a run lost its machines': [['run_machines'], breakRows(`delete from run_machines where run_id = '${on}'`)],
  'a run lost its drives': [['run_drives', 'top_leaked'], breakRows(`delete from drives where run_id = '${on}'`)],
  'a plan cannot be read': [['run_plan'], breakRows(`update runs set plan = '{' where id = '${on}'`)],
  'a plan that is JSON lacks its machines': [
    ['run_plan'],
    breakRows(`update runs set plan = '{"networks":[]}' where id = '${on}'`),
  ],
  'a machine’s conditions cannot be read': [
    ['machine_conditions'],
    breakRows(`update run_machines set conditions = '[' where run_id = '${on}'`),
  ],
  'a playground’s spec cannot be read': [['playground_spec'], breakRows("update playgrounds set spec = '{' where id = 'p'")],
  'a snapshot’s stamp cannot be read': [['snapshot_stamp'], breakRows("update snapshots set stamp = ''")],
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
    healthy(async (home) => {
      await breakIt(home)
      const found = await fsck(home.options)
      assert.deepEqual(
        [...new Set(found.map(({ code }) => code))].toSorted(),
        codes.toSorted(),
        JSON.stringify(found, undefined, 1),
      )
      for (const { subject, message } of found) assert.ok(subject !== '' && message !== '')
    }))
}

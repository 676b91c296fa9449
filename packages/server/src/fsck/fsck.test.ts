import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { healthy, off, on, query } from '../testing/healthy-home.ts'
import { fsck } from './fsck.ts'

test('a home in order has no findings', () => healthy(async ({ options }) => assert.deepEqual(await fsck(options), [])))

test('what was only on its way is not reported: a second look must show it too', () =>
  healthy(async ({ home, options }) => {
    const file = join(home, 'layers/root.qcow2')
    await rename(file, `${file}.away`)
    const findings = fsck({ ...options, againAfterMs: 400 })
    await new Promise((resolve) => setTimeout(resolve, 150))
    await rename(`${file}.away`, file)
    assert.deepEqual(await findings, [])
  }))

test('files of a run that is starting or being destroyed are not judged', () =>
  healthy(async ({ db, home, options }) => {
    await writeFile(join(home, `runs/${on}/drives/m-1.qcow2`), '')
    for (const state of ['STARTING', 'DESTROYING']) {
      await query(db, `update runs set state = '${state}' where id = '${on}'`)
      await query(db, `update state_events set state = '${state}' where run_id = '${on}'`)
      assert.deepEqual(await fsck(options), [])
    }
  }))

test('insides are looked into for layers and for overlays of stopped runs only', () =>
  healthy(async ({ options }) => {
    const asked: string[] = []
    const checkDrive = async (file: string) => {
      asked.push(file)
      return file.includes('tip') ? ['it is corrupt'] : []
    }
    const findings = await fsck({ ...options, insideDrives: true, files: { ...options.files, checkDrive } })
    assert.deepEqual(asked.toSorted(), ['layers/root.qcow2', 'layers/tip.qcow2', `runs/${off}/drives/m-0.qcow2`])
    assert.deepEqual(findings, [{ code: 'layer_damaged', subject: 'layer tip', message: 'layers/tip.qcow2: it is corrupt.' }])
  }))

test('an overlay that a restart began to use while it was checked is not reported', () =>
  healthy(async ({ db, options }) => {
    const checkDrive = async (file: string) => {
      if (!file.includes(off)) return []
      await query(db, `update runs set state = 'STARTING', last_state_at = 'later' where id = '${off}'`)
      return ['it is corrupt']
    }
    assert.deepEqual(await fsck({ ...options, insideDrives: true, files: { ...options.files, checkDrive } }), [])
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

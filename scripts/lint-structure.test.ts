import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { structureFindings } from './structure/rules.ts'
import { treeOf } from './structure/tree.ts'

const server = 'packages/server/src'

/** Each entry: what is wrong, where it is found, and the files that make it so. */
const faults: readonly (readonly [title: string, found: string, files: Readonly<Record<string, string>>])[] = [
  [
    'a module of the server that imports an inner module of the engine',
    `${server}/runs/a.ts:2 engine-face`,
    { [`${server}/runs/a.ts`]: "import { z } from 'zod'\nimport { openLayer } from '@ramet/engine/disk/layer-store.ts'\n" },
  ],
  [
    'a test of the server that does',
    `${server}/runs/a.test.ts:1 engine-face`,
    { [`${server}/runs/a.test.ts`]: "import { openLayer } from '@ramet/engine/disk/layer-store.ts'\n" },
  ],
  [
    "product code that imports the engine's testing entry",
    `${server}/runs/a.ts:1 engine-face, ${server}/runs/a.ts:1 testing`,
    { [`${server}/runs/a.ts`]: "import { openFakeHost } from '@ramet/engine/testing'\n" },
  ],
  [
    'product code that imports testing/ of its own package, by a type and late',
    'packages/client/src/a.ts:1 testing, packages/client/src/a.ts:2 testing',
    {
      'packages/client/src/a.ts':
        "import type { Stub } from './testing/stub.ts'\nconst late = await import('./testing/stub.ts')\n",
    },
  ],
  [
    'three modules that import each other in a circle, one by a type',
    'packages/model/src/a.ts:1 circle',
    {
      'packages/model/src/a.ts': "import {\n  b,\n} from './b.ts'\n",
      'packages/model/src/b.ts': "export { c } from './run/c.ts'\n",
      'packages/model/src/run/c.ts': "import type { A } from '../a.ts'\n",
    },
  ],
  [
    'SQL outside store/',
    `${server}/runs/a.ts:1 sql, ${server}/runs/a.ts:3 sql`,
    { [`${server}/runs/a.ts`]: "import type { Kysely } from 'kysely'\nconst rows = db\n  .selectFrom('playgrounds')\n" },
  ],
  [
    'an update of runs outside its owner, even in store/',
    `${server}/store/a.ts:1 runs-owner, ${server}/store/b.ts:1 runs-owner`,
    {
      [`${server}/store/a.ts`]: "await db.updateTable('runs').set({ state }).execute()\n",
      [`${server}/store/b.ts`]: "await sql`update runs set state = 'STOPPED'`.execute(db)\n",
    },
  ],
  [
    'a module other than the owner of runs that calls what updates them',
    `${server}/tasks/a.ts:1 runs-owner`,
    {
      [`${server}/store/runs.ts`]: "export const updateRun = () => db.updateTable('runs')\nexport const findRun = () => 1\n",
      [`${server}/runs/run.ts`]: "import { updateRun } from '../store/runs.ts'\n",
      [`${server}/tasks/a.ts`]: "import { findRun, updateRun } from '../store/runs.ts'\n",
      [`${server}/tasks/b.ts`]: "import { findRun } from '../store/runs.ts'\n",
    },
  ],
  [
    'a model that imports the client, and a CLI that imports the server by a path',
    'packages/model/src/a.ts:1 direction, packages/cli/src/a.ts:1 direction',
    {
      'packages/model/src/a.ts': "import { createClient } from '@ramet/client/client.ts'\n",
      'packages/cli/src/a.ts': "import { startServer } from '../../server/src/server.ts'\n",
    },
  ],
]

const told = (files: Readonly<Record<string, string>>) =>
  structureFindings(treeOf(Object.entries(files)))
    .map(({ rule, file, line }) => `${file}:${line} ${rule}`)
    .join(', ')

for (const [title, found, files] of faults) {
  test(`the linter finds ${title}`, () => assert.equal(told(files), found))
}

test('what holds to the structure is not complained about', () => {
  const files = {
    [`${server}/runs/a.ts`]: "import { openHost } from '@ramet/engine'\nimport { can } from '@ramet/model/access/can.ts'\n",
    [`${server}/runs/a.test.ts`]:
      "import { openFakeHost } from '@ramet/engine/testing'\nimport { stub } from '../testing/stub.ts'\n",
    [`${server}/store/runs.ts`]:
      "import type { Kysely } from 'kysely'\nexport const updateRun = (db) => db.updateTable('runs')\n",
    'packages/cli/src/program.ts': "import ownPackage from '../package.json' with { type: 'json' }\n",
  }
  assert.equal(told(files), '')
})

test('the linter prints each finding with its place, and exits 1', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'ramet-structure-'))
  t.after(() => rmSync(root, { recursive: true }))
  const file = join(root, 'packages/model/src/a.ts')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, "import { startServer } from '@ramet/server/server.ts'\n")
  const ran = spawnSync(process.execPath, [join(import.meta.dirname, 'lint-structure.ts'), root], { encoding: 'utf8' })
  assert.equal(ran.status, 1)
  assert.match(ran.stderr, /^packages\/model\/src\/a\.ts:1: model may import no package: .* \(direction\)$/m)
})

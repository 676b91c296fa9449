import assert from 'node:assert/strict'
import { copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isBuilt, programs } from './programs.mjs'

test('npm test has built all programs from the sources as they are', () => {
  assert.deepEqual(
    Object.keys(programs).filter((name) => !isBuilt(name)),
    [],
  )
})

test('a program runs as built until one of its sources, or what npm installs, becomes another', async (t) => {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'built-')))
  t.after(() => rm(root, { recursive: true }))
  const build = join(root, 'node_modules/.cache/ramet-built/newest')
  for (const folder of ['scripts/built', 'scripts/bundled', 'packages/cli/src'])
    await mkdir(join(root, folder), { recursive: true })
  await mkdir(build, { recursive: true })
  await copyFile(join(import.meta.dirname, 'programs.mjs'), join(root, 'scripts/built/programs.mjs'))
  await writeFile(join(root, 'scripts/bundled/use.mjs'), '')
  const source = 'packages/cli/src/main.ts'
  await writeFile(join(root, source), 'one')
  await writeFile(join(root, 'package-lock.json'), '{}')
  const there: typeof import('./programs.mjs') = await import(join(root, 'scripts/built/programs.mjs'))
  assert.equal(await there.mainOf('cli'), `file://${root}/${source}`, 'nothing is built yet')
  const inputs = ['package-lock.json', source]
  await writeFile(join(build, 'cli.json'), JSON.stringify(Object.fromEntries(inputs.map((file) => [file, there.stampOf(file)]))))
  assert.equal(await there.mainOf('cli'), `file://${build}/cli.mjs`)
  await writeFile(join(root, source), 'another')
  assert.equal(await there.mainOf('cli'), `file://${root}/${source}`)
  await rm(join(root, source))
  assert.equal(there.isBuilt('cli'), false)
})

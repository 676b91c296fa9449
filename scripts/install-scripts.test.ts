import assert from 'node:assert/strict'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { finish } from '../tests/harness/processes.ts'

const root = join(import.meta.dirname, '..')

/** Installs a package that has an install script, offline; true when the script ran. */
async function scriptRuns(t: { after(done: () => Promise<void>): void }, ...flags: string[]): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-install-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const [evil, project] = [join(folder, 'evil'), join(folder, 'project')]
  const mark = join(folder, 'mark')
  await mkdir(evil)
  await mkdir(project)
  const scripts = Object.fromEntries(['preinstall', 'install', 'postinstall'].map((name) => [name, `echo ${name} >>${mark}`]))
  await writeFile(join(evil, 'package.json'), JSON.stringify({ name: 'evil', version: '1.0.0', scripts }))
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'project', version: '1.0.0', private: true }))
  await copyFile(join(root, '.npmrc'), join(project, '.npmrc'))
  const env = Object.fromEntries(Object.keys(process.env).flatMap((name) => (/^npm_/i.test(name) ? [[name, '']] : [])))
  const npm = async (cwd: string, ...words: string[]) => {
    const { code, stderr } = await finish(['npm', ...words, '--cache', join(folder, 'cache')], { cwd, env, timeoutMs: 60_000 })
    assert.equal(code, 0, stderr)
  }
  await npm(evil, 'pack', '--pack-destination', folder)
  await npm(project, 'install', '--offline', ...flags, join(folder, 'evil-1.0.0.tgz'))
  assert.ok((await readdir(join(project, 'node_modules'))).includes('evil'))
  return (await readdir(folder)).includes('mark')
}

test('no package runs a script while npm installs it', { timeout: 120_000 }, async (t) => {
  assert.equal(await scriptRuns(t), false)
  assert.equal(await scriptRuns(t, '--ignore-scripts=false'), true, 'the test would see it')
})

test('the bootstrap forbids scripts by itself, whatever the environment says', async () => {
  assert.match(await readFile(join(root, 'scripts/bootstrap.mjs'), 'utf8'), /'npm', 'install', '--ignore-scripts'/)
})

/**
 * What these would do is build faster forms of what they have in JavaScript too. They never run: `allowScripts` has nothing, and the bootstrap forbids scripts.
 */
const unneeded = ['cpu-features', 'ssh2']

test('no package has install scripts but those that are not needed', async () => {
  const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { hasInstallScript?: boolean }>
  }
  const having = Object.entries(packages).flatMap(([path, one]) =>
    one.hasInstallScript ? [path.replace('node_modules/', '')] : [],
  )
  assert.deepEqual(having, unneeded)
})

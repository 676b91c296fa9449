import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { rolldown } from 'rolldown'
import cli from '../../packages/cli/package.json' with { type: 'json' }

const root = join(import.meta.dirname, '../..')
/** The oldest Node that the packed CLI runs on. */
const oldestNode = '20.19'

/**
 * Packs the CLI for `npm install -g FILE`: one file of plain JavaScript, with everything it needs in it, so that an install fetches nothing. Bundled by rolldown, which the web app's
 * bundler stands on and is here anyway. Returns the path of the package, which is put into `folder`.
 */
export async function packCli(folder: string): Promise<string> {
  const staged = await mkdtemp(join(tmpdir(), 'ramet-pack-'))
  try {
    const bundle = await rolldown({
      input: join(root, 'packages/cli/src/packed/main.ts'),
      platform: 'node',
      transform: { target: `node${oldestNode}` },
      logLevel: 'warn',
    })
    await bundle.write({ file: join(staged, 'ramet.mjs'), format: 'esm', banner: '#!/usr/bin/env node', codeSplitting: false })
    await bundle.close()
    const { name, version, license } = cli
    const manifest = {
      name,
      version,
      license,
      description: 'Playgrounds of real Linux machines, from the command line.',
      type: 'module',
      bin: { ramet: 'ramet.mjs' },
      engines: { node: `>=${oldestNode}` },
    }
    await writeFile(join(staged, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
    await copyFile(join(root, 'packages/cli/README.md'), join(staged, 'README.md'))
    await copyFile(join(root, 'LICENSE'), join(staged, 'LICENSE'))
    await mkdir(folder, { recursive: true })
    const words = ['pack', '--json', '--offline', '--ignore-scripts', '--pack-destination', folder]
    const { stdout } = await promisify(execFile)('npm', words, { cwd: staged })
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
    return join(folder, filename)
  } finally {
    await rm(staged, { recursive: true, force: true })
  }
}

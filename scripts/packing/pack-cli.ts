import { join } from 'node:path'
import cli from '../../packages/cli/package.json' with { type: 'json' }
import { bundle } from './bundle.ts'
import { npmPackage, oldestNode } from './npm-package.ts'

const source = join(import.meta.dirname, '../../packages/cli/src/packed/main.ts')

/**
 * Packs the CLI for `npm install -g FILE`: one file of plain JavaScript, with everything it needs in it, so that an install fetches nothing. Returns the path of the package, which is put into `folder`.
 */
export function packCli(folder: string): Promise<string> {
  const { name, version, license } = cli
  return npmPackage(folder, {
    manifest: {
      ...{ name, version, license },
      description: 'Playgrounds of real Linux machines, from the command line.',
      bin: { ramet: 'ramet.mjs' },
    },
    readme: 'packages/cli/README.md',
    stage: (staged) =>
      bundle({
        input: source,
        file: join(staged, 'ramet.mjs'),
        platform: 'node',
        transform: { target: `node${oldestNode}` },
        banner: '#!/usr/bin/env node',
      }),
  })
}

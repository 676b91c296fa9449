import { join } from 'node:path'
import client from '../../packages/client/package.json' with { type: 'json' }
import { bundle } from './bundle.ts'
import { writeClientTypes } from './client-types.ts'
import { npmPackage, oldestNode } from './npm-package.ts'

const source = join(import.meta.dirname, '../../packages/client/src')
const input = join(source, 'sdk/ramet.ts')
const olderNode = join(source, 'packed/older-node.ts')

/**
 * Packs the client for `npm install FILE`: a module for Node, one for pages, and their types. All it needs is in it, so that an install fetches nothing. Returns the path of the package,
 * which is put into `folder`.
 */
export function packClient(folder: string): Promise<string> {
  const { name, version, license } = client
  return npmPackage(folder, {
    manifest: {
      ...{ name, version, license },
      description: 'Playgrounds of real Linux machines, from a program.',
      exports: { '.': { types: './types/client/src/sdk/ramet.d.ts', browser: './browser.js', default: './node.js' } },
      sideEffects: false,
    },
    readme: 'packages/client/README.md',
    async stage(staged) {
      await bundle({ input, file: join(staged, 'browser.js'), platform: 'browser', transform: { target: 'es2024' } })
      await bundle({
        input,
        file: join(staged, 'node.js'),
        platform: 'node',
        transform: {
          target: `node${oldestNode}`,
          inject: { WebSocket: [olderNode, 'WebSocket'], 'Promise.withResolvers': [olderNode, 'withResolvers'] },
        },
      })
      await writeClientTypes(join(staged, 'types'))
    },
  })
}

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import openApi from '../../docs/openapi.json' with { type: 'json' }
import own from '../../package.json' with { type: 'json' }
import { type OpenApi, pythonRoutes } from './python-routes.ts'
import { makeWheel } from './wheel.ts'

const source = join(import.meta.dirname, '../../packages/python')

/** Packs the Python client as a wheel for `pip install FILE`. Returns its path in `folder`. */
export async function packPython(folder: string): Promise<string> {
  const read = (name: string) => readFile(join(source, name))
  const files = [
    {
      name: 'ramet/__init__.py',
      content: Buffer.from('from .client import Ramet, RametError, Result\n\n__all__ = ["Ramet", "RametError", "Result"]\n'),
    },
    { name: 'ramet/client.py', content: await read('client.py') },
    { name: 'ramet/websocket.py', content: await read('websocket.py') },
    { name: 'ramet/routes.py', content: Buffer.from(pythonRoutes(openApi as unknown as OpenApi)) },
  ]
  const metadata = `Metadata-Version: 2.1
Name: ramet
Version: ${own.version}
Summary: Playgrounds of real Linux machines.
License: Apache-2.0
Requires-Python: >=3.8
`
  const { fileName, bytes } = makeWheel('ramet', own.version, metadata, files)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, fileName), bytes)
  return join(folder, fileName)
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspectionLines } from './inspect.ts'

const image = {
  name: 'oci://127.0.0.1:5000/x:1',
  kind: 'image',
  description: 'From the registry 127.0.0.1:5000',
  state: 'ready',
  bytes: 3 * 1024 ** 2,
  digest: 'sha256:aa',
  isUsed: true,
  layers: [{ digest: 'sha256:bb', bytes: 1024 }, { digest: 'sha256:cc' }],
  config: { user: '', workingFolder: '/srv', environment: ['A=1', 'B=\u001b[31m'], entrypoint: ['/x', 'a b'], command: [] },
  playgrounds: ['mine-1'],
  runs: [{ id: '0123', title: 'A run' }],
  others: 2,
} as const

test('an image is told in lines: what is not known is left out, and no text of it steers the terminal', () => {
  const lines = inspectionLines({
    ...image,
    layers: [...image.layers],
    playgrounds: [...image.playgrounds],
    runs: [...image.runs],
    config: {
      ...image.config,
      environment: [...image.config.environment],
      entrypoint: [...image.config.entrypoint],
      command: [],
    },
  })
  const text = lines.join('\n')
  assert.match(text, /^Digest +sha256:aa$/m)
  assert.match(text, /^User +root$/m)
  assert.match(text, /^Working dir +\/srv$/m)
  assert.match(text, /^Entrypoint +\["\/x","a b"\]$/m)
  assert.match(text, /^Command +none$/m)
  assert.match(text, /^Init +none: Ramet’s own$/m)
  assert.match(text, /^Layers +sha256:bb {2}1\u00a0KiB\n +sha256:cc$/m)
  assert.match(text, /^Playgrounds +mine-1$/m)
  assert.match(text, /^Runs +0123 {2}A run$/m)
  assert.match(text, /^Used by +2 more, of others$/m)
  assert.doesNotMatch(text, /\u001b|undefined|Last used/)
})

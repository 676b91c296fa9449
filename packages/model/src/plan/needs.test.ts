import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Playground } from '../api/wire.ts'
import { simplestFirst } from './needs.ts'

const playground = (title: string, owner: string, sizes: readonly string[], registries?: Playground['registries']) =>
  ({ title, owner, machines: sizes.map((ramSize) => ({ resources: { ramSize } })), registries }) as unknown as Playground

test('a catalogue begins with what is simplest and needs nothing, and one’s own come last, in their order', () => {
  const listed = [
    playground('Alpine', '', ['256MiB'], [{ host: 'ghcr.io', isReachable: true }]),
    playground('Zebra of mine', 'ann', ['1GiB']),
    playground('Another of mine', 'ann', ['1GiB']),
    playground('BPF', '', ['1GiB']),
    playground('Duo', '', ['512MiB', '512MiB']),
    playground('Debian', '', ['512MiB']),
  ]
  assert.deepEqual(
    listed.toSorted(simplestFirst).map(({ title }) => title),
    ['Debian', 'BPF', 'Duo', 'Alpine', 'Zebra of mine', 'Another of mine'],
  )
})

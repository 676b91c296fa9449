import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Playground } from '@ramet/model/api/wire.ts'
import { anyPlayground, categoriesOf, choosePlaygrounds } from './choose-playgrounds.ts'

const playground = (name: string, categories: string[], isReachable?: boolean) =>
  ({
    name,
    title: `The ${name}`,
    description: '',
    categories,
    ...(isReachable === undefined ? {} : { registries: [{ host: 'ghcr.io', isReachable }] }),
  }) as Playground

const all = [
  playground('shop', ['linux', 'databases']),
  playground('k3s', ['kubernetes'], false),
  playground('alpine', ['linux'], true),
]
const chosen = (choice: object) => choosePlaygrounds(all, { ...anyPlayground, ...choice }).map(({ name }) => name)

test('what needs a registry out of reach is hidden until it is asked for', () => {
  assert.deepEqual(chosen({}), ['shop', 'alpine'])
  assert.deepEqual(chosen({ withUnreachable: true }), ['shop', 'k3s', 'alpine'])
})

test('all words must be met somewhere, and the category too', () => {
  assert.deepEqual(chosen({ words: ' THE data ' }), ['shop'])
  assert.deepEqual(chosen({ words: 'shop', category: 'kubernetes' }), [])
  assert.deepEqual(chosen({ category: 'linux' }), ['shop', 'alpine'])
})

test('categories are counted, the largest first', () => {
  assert.deepEqual(categoriesOf(all), [
    { name: 'linux', count: 2 },
    { name: 'databases', count: 1 },
    { name: 'kubernetes', count: 1 },
  ])
})

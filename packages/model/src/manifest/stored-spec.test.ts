import assert from 'node:assert/strict'
import { test } from 'node:test'
import { storedSpec } from './stored-spec.ts'

const drives = [{ source: 'debian-stable', mount: '/' }]
const machines = [{ name: 'box', drives }]

test('what an earlier version let through is read, harmless', () => {
  const spec = storedSpec({
    machines: [
      { name: 'box', drives: [...drives, { size: '1GiB', mount: '/a\nb' }], users: [{ name: 'root', welcome: 'hi\x1b[2J\n' }] },
    ],
    tabs: [
      { kind: 'web-page', name: 'Docs \u202e', url: '//evil.example', machine: 'box' },
      { kind: 'http-port', name: 'App', number: 80, hostRewrite: 'a\r\nX: y', machine: 'box' },
    ],
    initTasks: { setup: { machine: 'box', run: 'printf "\x1b[31m"' } },
  })
  assert.deepEqual(
    spec.tabs.map(({ name, url, hostRewrite }) => ({ name, url, hostRewrite })),
    [
      { name: 'Docs \\u202e', url: undefined, hostRewrite: undefined },
      { name: 'App', url: undefined, hostRewrite: undefined },
    ],
  )
  assert.equal(spec.machines[0]?.users[0]?.welcome, 'hi^[[2J\n')
  assert.equal(spec.machines[0]?.drives[1]?.mount, undefined)
  assert.equal(spec.initTasks?.setup?.run, 'printf "^[[31m"')
})

test('a spec that is fine is read as it is', () => {
  assert.equal(storedSpec({ machines }).machines[0]?.name, 'box')
})

test('what never was a spec is told', () => {
  for (const value of [null, 'text', { machines: [{ drives }] }]) assert.throws(() => storedSpec(value))
})

test('unknown fields that cannot be read any more are left out, and the spec is there', () => {
  const found = storedSpec({ machines: [{ name: 'a' }], unknownFields: [{ path: ['x'.repeat(5000)], value: 1 }] })
  assert.deepEqual([found.machines[0]?.name, found.unknownFields], ['a', undefined])
})

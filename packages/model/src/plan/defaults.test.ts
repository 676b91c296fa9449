import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manifestSpecSchema } from '../manifest/manifest.ts'
import { resolveSpec } from './defaults.ts'

test('a machine that says nothing gets the defaults', () => {
  const spec = manifestSpecSchema.parse({
    machines: [{ name: 'a', drives: [{ source: 'x', mount: '/' }, { size: '1GiB', mount: '/d' }, { size: '1GB' }] }],
  })
  assert.deepEqual(resolveSpec(spec), {
    networks: [{ name: 'local', index: 0, subnet: '172.16.0.0/24', gateway: '172.16.0.1', private: false }],
    machines: [
      {
        name: 'a',
        users: [{ name: 'root', default: true }],
        cpuCount: 1,
        ramMiB: 512,
        noSSH: false,
        drives: [
          { source: 'x', mount: '/', filesystem: 'ext4', sizeBytes: 20 * 1024 ** 3, readOnly: false },
          { mount: '/d', filesystem: 'ext4', sizeBytes: 1024 ** 3, readOnly: false },
          { sizeBytes: 1e9, readOnly: false },
        ],
        interfaces: [{ index: 0, network: 'local', address: '172.16.0.2', prefixLength: 24, gateway: '172.16.0.1' }],
        startupFiles: [],
      },
    ],
    tasks: [],
    tabs: [{ machine: 'a', name: 'a', kind: 'terminal', id: 'terminal-a' }],
  })
})

test('a task that says nothing is run by root and given a minute', () => {
  const spec = manifestSpecSchema.parse({
    machines: [{ name: 'a' }],
    initTasks: {
      t: { machine: 'a', run: 'true', needs: ['u', 'u'] },
      u: { machine: 'a', run: 'id', user: 'x', timeout_seconds: 5 },
    },
  })
  assert.deepEqual(resolveSpec(spec).tasks, [
    { name: 't', machine: 'a', user: 'root', run: 'true', needs: ['u'], timeoutSeconds: 60 },
    { name: 'u', machine: 'a', user: 'x', run: 'id', needs: [], timeoutSeconds: 5 },
  ])
})

test('machines without ssh have no terminal tab, and a given list of tabs replaces the default one', () => {
  const machines = [{ name: 'a' }, { name: 'b', noSSH: true }]
  const tabs = (value: object) => resolveSpec(manifestSpecSchema.parse(value)).tabs.map(({ id }) => id)
  assert.deepEqual(tabs({ machines }), ['terminal-a'])
  assert.deepEqual(
    tabs({
      machines,
      tabs: [
        { kind: 'http-port', name: 'x', number: 80 },
        { machine: 'a', id: 'own' },
      ],
    }),
    ['http-port-a', 'own'],
  )
})

test('the marked user is the default one, else the first', () => {
  const chosen = (users: object[]) =>
    resolveSpec(manifestSpecSchema.parse({ machines: [{ name: 'a', users }] }))
      .machines[0]?.users.filter((user) => user.default)
      .map(({ name }) => name)
  assert.deepEqual(chosen([{ name: 'x' }, { name: 'y', default: true }]), ['y'])
  assert.deepEqual(chosen([{ name: 'x' }, { name: 'y' }]), ['x'])
})

test('the root drive is the first, wherever the manifest has it', () => {
  const drives = [{ size: '1GiB', mount: '/data' }, { source: 'debian-stable', mount: '/' }, { size: '2GiB' }]
  const { machines } = resolveSpec(manifestSpecSchema.parse({ machines: [{ name: 'a', drives }] }))
  assert.deepEqual(
    machines[0]?.drives.map(({ mount }) => mount),
    ['/', '/data', undefined],
  )
})

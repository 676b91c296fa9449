import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manifestSpecSchema } from '../manifest/manifest.ts'
import { resolveAddresses } from './addresses.ts'

const spec = (value: unknown) => manifestSpecSchema.parse(value)
const machine = (name: string, ...interfaces: { network: string; address?: string }[]) => ({ name, network: { interfaces } })

test('without networks every machine is on `local`, behind its first address', () => {
  assert.deepEqual(resolveAddresses(spec({ machines: [{ name: 'a' }, { name: 'b' }] })), {
    networks: [{ name: 'local', index: 0, subnet: '172.16.0.0/24', gateway: '172.16.0.1', private: false }],
    machines: [
      { name: 'a', interfaces: [{ index: 0, network: 'local', address: '172.16.0.2', prefixLength: 24, gateway: '172.16.0.1' }] },
      { name: 'b', interfaces: [{ index: 0, network: 'local', address: '172.16.0.3', prefixLength: 24, gateway: '172.16.0.1' }] },
    ],
  })
})

test('addresses of the manifest are kept, and gateway and other machines make way', () => {
  const { networks, machines } = resolveAddresses(
    spec({
      networks: [{ name: 'n', subnet: '10.0.0.0/29' }],
      machines: [
        machine('a', { network: 'n' }),
        machine('b', { network: 'n', address: '10.0.0.1/29' }),
        machine('c', { network: 'n' }),
      ],
    }),
  )
  assert.equal(networks[0]?.gateway, '10.0.0.2')
  assert.deepEqual(
    machines.map(({ interfaces }) => interfaces[0]?.address),
    ['10.0.0.3', '10.0.0.1', '10.0.0.4'],
  )
})

test('the default route is on the first interface that is not private', () => {
  const { machines } = resolveAddresses(
    spec({
      networks: [{ name: 'inner', subnet: '10.0.0.0/24', private: true }, { name: 'edge' }, { name: 'far' }],
      machines: [machine('a', { network: 'inner' }, { network: 'edge' }, { network: 'far' }), machine('b', { network: 'inner' })],
    }),
  )
  assert.deepEqual(
    machines.map(({ interfaces }) => interfaces.map(({ gateway }) => gateway)),
    [[undefined, '172.16.0.1', undefined], [undefined]],
  )
  assert.equal(machines[0]?.interfaces[2]?.address, '172.16.1.2')
})

test('networks without a subnet stay clear of those that have one', () => {
  const { networks } = resolveAddresses(
    spec({ networks: [{ name: 'a' }, { name: 'b', subnet: '172.16.0.0/23' }, { name: 'c' }], machines: [] }),
  )
  assert.deepEqual(
    networks.map(({ subnet }) => subnet),
    ['172.16.2.0/24', '172.16.0.0/23', '172.16.3.0/24'],
  )
})

test('a subnet that is too small says so', () => {
  assert.throws(
    () => resolveAddresses(spec({ networks: [{ name: 'n', subnet: '10.0.0.0/30' }], machines: [{ name: 'a' }, { name: 'b' }] })),
    {
      code: 'subnet_full',
    },
  )
})

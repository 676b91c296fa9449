import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawing, layOutNetworks } from './network-layout.ts'

const machine = (name: string, ...interfaces: [network: string, address: string][]) => ({
  name,
  users: [],
  resources: { cpuCount: 1, ramSize: '512MiB' },
  state: 'RUNNING' as const,
  noSSH: false,
  drives: [],
  interfaces: interfaces.map(([network, address], at) => ({ name: `eth${at}`, network, address, mac: '' })),
})
const network = (name: string) => ({ name, subnet: '10.0.0.0/24', private: false })

test('each wire ends on the line of its network, and no two wires of a machine cover each other', () => {
  const layout = layOutNetworks({
    networks: [network('left'), network('right')],
    machines: [machine('a', ['left', '10.1.0.10']), machine('r', ['left', '10.1.0.254'], ['right', '10.2.0.254'])],
  })
  const lines = new Map(layout.networks.map(({ name, y }) => [name, y]))
  const wires = layout.machines.flatMap((placed) => placed.wires)
  for (const wire of wires) assert.equal(wire.y, lines.get(wire.network))
  assert.equal(new Set(wires.map(({ x }) => x)).size, wires.length)
})

test('five machines fit, with short addresses', () => {
  const layout = layOutNetworks({
    networks: [network('lan')],
    machines: ['a', 'b', 'c', 'd', 'e'].map((name, at) => machine(name, ['lan', `10.0.0.${at + 2}`])),
  })
  for (const { x, width } of layout.machines) assert.ok(x + width <= drawing.width - drawing.cloud)
  assert.equal(layout.machines[4]?.wires[0]?.label, '.6')
})

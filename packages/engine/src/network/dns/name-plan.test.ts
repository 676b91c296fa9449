import assert from 'node:assert/strict'
import { test } from 'node:test'
import { samplePlan } from '../../testing/sample-plan.ts'
import { planNetwork } from '../plan.ts'
import { dnsmasqCommandLine } from './dnsmasq-command-line.ts'
import { hostsSeenFrom, hostsText, planNames, resolverOf } from './name-plan.ts'

const network = (name: string, third: number, isPrivate = true) => ({
  name,
  subnet: `10.0.${third}.0/24`,
  gateway: `10.0.${third}.1`,
  private: isPrivate,
})
const machine = (name: string, ...places: [network: string, third: number, host: number][]) => ({
  name,
  interfaces: places.map(([at, third, host]) => ({ network: at, address: `10.0.${third}.${host}`, prefixLength: 24 })),
})
const star = planNetwork('r1a2b-3c', '198.18.0.16/28', {
  networks: [network('n1', 1), network('n2', 2), network('n3', 3)],
  machines: [
    machine('a', ['n1', 1, 2], ['n2', 2, 2]),
    machine('b', ['n1', 1, 3], ['n3', 3, 3]),
    machine('m', ['n3', 3, 4], ['n2', 2, 4]),
  ],
})
const addressOf = (plan: typeof star, asker: string, name: string) => {
  const machineIndex = plan.machines.findIndex((each) => each.name === asker)
  const source = plan.machines[machineIndex]?.interfaces[0]?.address
  const { views, askers } = planNames(plan)
  const at = askers.find((each) => each.gateway === resolverOf(plan, plan.machines[machineIndex]!))
  const port = at?.known.find((each) => each.address === source)?.port ?? at?.port
  const found = views.find((view) => view.port === port)?.hosts.filter(({ names }) => names.includes(name))
  assert.equal(found?.length, 1, `${name} has one address`)
  return found?.[0]?.address
}

test('a machine is named by its address on a network that the asker is on, else by its first', () => {
  assert.equal(addressOf(star, 'a', 'm'), '10.0.2.4')
  assert.equal(addressOf(star, 'b', 'm'), '10.0.3.4')
  assert.equal(addressOf(star, 'm', 'a'), '10.0.2.2')
  assert.equal(addressOf(star, 'm', 'b'), '10.0.3.3')
  assert.equal(addressOf(star, 'b', 'a'), '10.0.1.2')
})

test('machine.network is the address there, whoever asks', () => {
  for (const asker of ['a', 'b', 'm']) assert.equal(addressOf(star, asker, 'm.n2'), '10.0.2.4')
})

test('a run on one network has one view, and an unknown asker is answered as one of the network', () => {
  const { views, askers } = planNames(
    planNetwork('r1a2b-3c', '198.18.0.16/28', {
      networks: [network('lan', 1, false)],
      machines: [machine('a', ['lan', 1, 2]), machine('b', ['lan', 1, 3])],
    }),
  )
  assert.equal(views.length, 1)
  assert.deepEqual(askers, [{ bridge: 'br0', gateway: '10.0.1.1', port: 5300, known: [] }])
})

test('only those who may go out are told names from outside', () => {
  const [web, , store] = samplePlan.machines
  assert.equal(resolverOf(samplePlan, web!), '172.16.0.1')
  assert.equal(resolverOf(samplePlan, store!), '10.0.5.14')
  const { views } = planNames(samplePlan)
  for (const view of views) {
    assert.equal(view.forwards, !view.addresses.includes('10.0.5.14'))
    const argv = dnsmasqCommandLine('/names', view, ['192.0.2.53'])
    assert.equal(argv.includes('--server=192.0.2.53'), view.forwards)
    assert.equal(argv.includes('--local=/#/'), !view.forwards)
  }
})

test("a machine's own file of hosts says the same", () => {
  assert.equal(
    hostsText(hostsSeenFrom(samplePlan, ['local'])),
    '172.16.0.2 web web.local\n10.0.5.1 app.db\n172.16.0.3 app app.local\n10.0.5.2 store store.db\n',
  )
})

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { findHierarchies } from '@ramet/engine/testing'
import { createPlayground, debianMachine } from './harness/create-playground.ts'
import { tellMachine } from './harness/in-machine.ts'
import { leftovers, nameProcesses, vmProcesses } from './harness/leftovers.ts'
import { finish, until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/**
 * Three VMs: `a` on an open network and on a private one, `r` between two private ones, `b` behind it.
 *
 *   open 172.16.0.0/24 ── a ── left 10.1.0.0/24 ── r ── right 10.2.0.0/24 ── b
 */
const machine = (name: string, ...interfaces: { network: string; address: string }[]) =>
  debianMachine(name, { network: { interfaces } })
const threeLans = {
  name: 'lans',
  title: 'Three LANs',
  networks: [
    { name: 'open', subnet: '172.16.0.0/24' },
    { name: 'left', subnet: '10.1.0.0/24', private: true },
    { name: 'right', subnet: '10.2.0.0/24', private: true },
  ],
  machines: [
    machine('a', { network: 'left', address: '10.1.0.2' }, { network: 'open', address: '172.16.0.2' }),
    machine('r', { network: 'left', address: '10.1.0.3' }, { network: 'right', address: '10.2.0.3' }),
    machine('b', { network: 'right', address: '10.2.0.4' }),
  ],
}

describe('machines on several networks', { concurrency: false }, () => {
  const server = new TestServer()
  let id = ''
  const tell = (name: string, command: string) => tellMachine(server, id, name, command)
  const inGuest = async (name: string, command: string): Promise<string> => {
    const { code, stdout, stderr } = await tell(name, command)
    assert.equal(code, 0, `${name}: ${command}: ${stderr}${stdout}`)
    return stdout.trim()
  }
  const reaches = async (name: string, address: string) => (await tell(name, `ping -c1 -W2 ${address} >/dev/null`)).code === 0

  before(async () => {
    await server.start()
    const name = await createPlayground(server, threeLans)
    const started = await server.ramet(['playground', 'start', name, '-q'], { timeoutMs: 600_000 })
    assert.equal(started.code, 0, started.stderr + server.output.slice(-3000))
    id = started.stdout.trim()
  })
  after(() => server.dispose())

  test('the default route leads over the first network that is not private; private ones have none', async () => {
    assert.match(await inGuest('a', 'ip -4 route show default'), /^default via 172\.16\.0\.1 dev eth1/)
    assert.equal(await inGuest('r', 'ip -4 route show default'), '')
    assert.equal(await inGuest('b', 'ip -4 route show default'), '')
  })

  test('machines reach each other by name on the networks that they share', async () => {
    assert.ok(await reaches('a', 'r'))
    assert.ok(await reaches('r', 'a'))
    assert.ok(await reaches('r', 'b.right'))
    assert.equal((await inGuest('r', 'getent hosts a')).split(/\s+/)[0], '10.1.0.2')
    assert.equal((await inGuest('b', 'getent hosts r')).split(/\s+/)[0], '10.2.0.3')
  })

  test('names are also answered by the gateway, as programs with an /etc/hosts of their own ask it', async () => {
    const asks = async (name: string, question: string) =>
      (await inGuest(name, `getent -s hosts:dns hosts ${question}`)).split(/\s+/)[0]
    assert.equal(await asks('b', 'r'), '10.2.0.3')
    assert.equal(await asks('r', 'a'), '10.1.0.2')
    assert.equal(await asks('a', 'a.open'), '172.16.0.2')
    assert.equal(await asks('a', 'b'), '10.2.0.4')
  })

  test('a container with an address of its own behind a machine resolves the names too', async () => {
    await inGuest(
      'a',
      `ip netns add c && ip link add c0 type veth peer name eth0 netns c && ip address add 10.88.0.1/24 dev c0 && ip link set c0 up &&
       ip -n c address add 10.88.0.2/24 dev eth0 && ip -n c link set eth0 up && ip -n c route add default via 10.88.0.1 &&
       sysctl -qw net.ipv4.ip_forward=1 && nft add table ip c && nft add chain ip c p '{ type nat hook postrouting priority 100; }' &&
       nft add rule ip c p ip saddr 10.88.0.0/24 masquerade && mkdir -p /etc/netns/c && cp /etc/resolv.conf /etc/netns/c/`,
    )
    assert.match(await inGuest('a', 'ip netns exec c getent -s hosts:dns hosts r'), /^10\.1\.0\.3\s/)
  })

  test('the host reaches every machine, also those on private networks alone', async () => {
    for (const { name, hostAddress } of (await (await server.client()).plays.get(id)).machines) {
      const { code, stdout } = await finish(['ping', '-c1', '-W2', '-M', 'do', '-s', '1472', hostAddress ?? ''])
      assert.equal(code, 0, `${name}: ${stdout}`)
    }
  })

  test('a router machine forwards between two private networks, and whole frames of 1500 bytes pass it', async () => {
    assert.equal(await reaches('a', '10.2.0.4'), false)
    await inGuest('a', 'ip route add 10.2.0.0/24 via 10.1.0.3')
    await inGuest('b', 'ip route add 10.1.0.0/24 via 10.2.0.3')
    await inGuest('r', 'sysctl -qw net.ipv4.ip_forward=1')
    assert.match(await inGuest('a', 'traceroute -n -q1 -w3 -m4 b'), /^ ?1 {2}10\.1\.0\.3 .*\n ?2 {2}10\.2\.0\.4 /m)
    assert.match(await inGuest('a', 'ping -c2 -W2 -M do -s 1472 b'), / 0% packet loss/)
    await inGuest('r', 'sysctl -qw net.ipv4.ip_forward=0')
    assert.equal(await reaches('a', 'b'), false)
  })

  test('a machine on private networks has no way out, not even with a route of its own making', async () => {
    await inGuest('b', 'ip route add default via 10.2.0.1')
    assert.ok(await reaches('b', '10.2.0.1'), 'the gateway is there')
    for (const address of ['172.16.0.2', '172.16.0.1', '10.1.0.2', '192.0.2.1'])
      assert.equal(await reaches('b', address), false, address)
    assert.notEqual((await tell('b', 'getent -s hosts:dns hosts example.org')).code, 0)
  })

  test('IPv6 works on a LAN by link-local addresses and ends there', async () => {
    const address = /fe80:[0-9a-f:]+/.exec(await inGuest('r', 'ip -6 -o address show dev eth0'))?.[0]
    assert.ok(address)
    await until('the address to be usable', () => reaches('a', `${address}%eth0`), 20_000, 500)
    const { stdout: gateways } = await tell('a', 'ping -6 -c2 -W2 ff02::2%eth0 2>&1; ping -6 -c2 -W2 ff02::2%eth1 2>&1')
    assert.doesNotMatch(gateways, /bytes from/, 'no router answers')
    await inGuest('a', 'ip -6 address add 2001:db8::2/64 dev eth1 && ip -6 route add default dev eth1')
    assert.equal(await reaches('a', '2001:db8:1::1'), false)
  })

  test('every process of the run is in its control groups', async () => {
    const { installation } = await (await server.client()).health()
    const hierarchies = await findHierarchies()
    for (const pid of [...(await vmProcesses(server.home, id)), ...(await nameProcesses(server.home, id))]) {
      const groups = (await readFile(`/proc/${pid}/cgroup`, 'utf8'))
        .split('\n')
        .filter((line) => line.includes(`:/r${installation}-`))
      assert.equal(groups.length, hierarchies.length)
    }
  })

  test('a resolver that died is started again while the run goes on', async () => {
    const pids = await nameProcesses(server.home, id)
    assert.ok(pids.length > 0)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    assert.notEqual((await tell('b', 'getent -s hosts:dns hosts r')).code, 0)
    await until(
      'names to be answered again',
      async () => (await tell('b', 'getent -s hosts:dns hosts r')).code === 0,
      60_000,
      500,
    )
  })

  test('resolvers outlive the server, and the next one keeps them', async () => {
    const pids = (await nameProcesses(server.home, id)).sort()
    await server.restart()
    assert.ok(await until('the machine to answer', () => reaches('b', 'r'), 60_000))
    assert.deepEqual((await nameProcesses(server.home, id)).sort(), pids)
  })

  test('destroyed, nothing of it is left', async () => {
    const { installation } = await (await server.client()).health()
    await server.ok('playground', 'destroy', id, '-q')
    assert.deepEqual(await leftovers(installation, server.home), [])
  })
})

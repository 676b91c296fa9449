import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { run } from '../process/run-process.ts'
import { flood, type floods } from '../testing/flood.ts'
import { kernelTables } from '../testing/kernel-tables.ts'
import { bounds } from './bounds.ts'
import { linuxNetworks } from './namespace.ts'
import { hostEnd, planNetwork } from './plan.ts'

// Hosts in namespaces of their own stand in for the VMs: a veth of the tap's name instead of the tap.
const installation = '7e57'
const leaseFolder = await mkdtemp(join(tmpdir(), 'leases-'))
const networks = linuxNetworks({ vmUid: 65534, leaseFolder })
const topology = {
  networks: [
    { name: 'local', subnet: '172.16.0.0/16', gateway: '172.16.0.1', private: false },
    { name: 'db', subnet: '10.0.5.0/28', gateway: '10.0.5.14', private: true },
  ],
  machines: [
    { name: 'web', interfaces: [{ network: 'local', address: '172.16.0.2', prefixLength: 16 }] },
    {
      name: 'app',
      interfaces: [
        { network: 'local', address: '172.16.0.3', prefixLength: 16 },
        { network: 'db', address: '10.0.5.1', prefixLength: 28 },
      ],
    },
    { name: 'store', interfaces: [{ network: 'db', address: '10.0.5.2', prefixLength: 28 }] },
  ],
}
const planA = planNetwork(`r${installation}-a`, await networks.lease(installation, 'a'.repeat(24)), topology)
// The same inside addresses: a clone.
const planB = planNetwork(`r${installation}-b`, await networks.lease(installation, 'b'.repeat(24)), topology)
const outside = `rmt${installation}out`
const outsideHost = '203.0.113.1'
const outsideAddress = '203.0.113.2'
/** Behind the outside namespace, and on the wire to it (RFC 5737). */
const anywhere = '203.0.113.64/26'
const onTheWire = '203.0.113.128/25'
const neverHeardFrom = '172.16.0.77'
const port = 8099
const standIns: string[] = [outside]
const children: ChildProcess[] = []
let hostService: Server | undefined

const exec = (namespace: string, ...argv: string[]) => run(['ip', 'netns', 'exec', namespace, ...argv], { okCodes: [0, 1, 2] })
const guest = (plan: typeof planA, machine: number) => `rmt${plan.name.slice(1)}${machine}`

async function plugIn(plan: typeof planA): Promise<void> {
  for (const [at, machine] of plan.machines.entries()) {
    const name = guest(plan, at)
    standIns.push(name)
    await run(['ip', 'netns', 'add', name])
    for (const item of machine.interfaces) {
      const bridge = plan.networks.find((network) => network.name === item.network)?.bridge
      await run(['ip', '-n', plan.name, '-batch', '-'], {
        stdin: `link delete dev ${item.tap}
link add dev ${item.tap} type veth peer name ${item.name} address ${item.mac} netns ${name}
link set dev ${item.tap} master ${bridge} up\n`,
      })
      await run(['ip', '-n', name, '-batch', '-'], {
        stdin: `link set dev lo up
address add ${item.address}/${item.prefixLength} dev ${item.name}
link set dev ${item.name} up
${item.gateway ? `route add default via ${item.gateway}` : ''}\n`,
      })
    }
    tellPeer(name)
  }
}

/** Serves, in a namespace, the address that a client is seen to come from. */
function tellPeer(namespace: string): void {
  const listen = `TCP-LISTEN:${port},fork,reuseaddr`
  children.push(spawn('ip', ['netns', 'exec', namespace, 'socat', listen, 'SYSTEM:echo $SOCAT_PEERADDR'], { stdio: 'ignore' }))
}

/** What the server at the address says; undefined when it is not reached. */
async function ask(from: string | undefined, address: string): Promise<string | undefined> {
  if (from !== undefined) {
    const { code, stdout } = await exec(from, 'socat', '-T2', '-', `TCP:${address}:${port},connect-timeout=1`)
    return code === 0 && stdout !== '' ? stdout.trim() : undefined
  }
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const socket = connect({ host: address, port, timeout: 1000 })
  socket.on('data', (data) => resolve(data.toString().trim())).on('error', () => resolve(undefined))
  socket.on('timeout', () => resolve(undefined)).on('close', () => resolve(undefined))
  return promise.finally(() => socket.destroy())
}

async function eventually<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + 10_000
  for (;;) {
    const found = await probe()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error(`never happened: ${what}`)
  }
}

before(async () => {
  await Promise.all([networks.make(planA), networks.make(planB)])
  await run(['ip', 'netns', 'add', outside])
  await run(['ip', 'link', 'add', 'dev', `${outside}0`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', outside])
  await run(['ip', '-batch', '-'], {
    stdin: `address add ${outsideHost}/30 dev ${outside}0
link set dev ${outside}0 up
address add 203.0.113.129/25 dev ${outside}0
route add ${anywhere} via ${outsideAddress}\n`,
  })
  await run(['ip', '-n', outside, '-batch', '-'], {
    stdin: `address add ${outsideAddress}/30 dev eth0\nlink set dev lo up\nlink set dev eth0 up\nroute add default via ${outsideHost}\n`,
  })
  tellPeer(outside)
  hostService = createServer((socket) => socket.end(`host saw ${socket.remoteAddress}`)).listen(port, '0.0.0.0')
  await plugIn(planA)
  await plugIn(planB)
  await eventually('servers listen', () => ask(undefined, outsideAddress))
})

after(async () => {
  for (const child of children) child.kill()
  hostService?.close()
  await run(['ip', 'link', 'delete', 'dev', `${outside}0`], { okCodes: [0, 1] })
  for (const name of standIns) await run(['ip', 'netns', 'delete', name], { okCodes: [0, 1] })
  await networks.remove(planA.name)
  await networks.remove(planB.name)
  await rm(leaseFolder, { recursive: true })
})

const [webA, appA, storeA] = planA.machines
const [webB] = planB.machines

test('the host reaches every machine by its own address, also those on private networks alone', async () => {
  for (const machine of [...planA.machines, ...planB.machines])
    assert.ok(await eventually(machine.name, () => ask(undefined, machine.hostAddress)), machine.name)
  assert.equal(await ask(undefined, storeA!.hostAddress), '10.0.5.14')
  const ping = await run(['ping', '-c1', '-W2', webA!.hostAddress], { okCodes: [0, 1] })
  assert.equal(ping.code, 0)
})

test('machines of one run reach each other, on every network they share', async () => {
  assert.equal(await ask(guest(planA, 0), '172.16.0.3'), '172.16.0.2')
  assert.equal(await ask(guest(planA, 2), '10.0.5.1'), '10.0.5.2')
})

test('machines get out, as the host', async () => {
  assert.equal(await ask(guest(planA, 0), outsideAddress), outsideHost)
  assert.equal(await ask(guest(planB, 1), outsideAddress), outsideHost)
})

test('no machine reaches a service of the host, which others do reach', async () => {
  assert.match((await ask(outside, outsideHost)) ?? '', /host saw/)
  const listed = JSON.parse((await run(['ip', '-4', '-json', 'address'])).stdout) as { addr_info?: { local: string }[] }[]
  const addresses = listed.flatMap((item) => item.addr_info ?? []).map((item) => item.local)
  for (const expected of [outsideHost, hostEnd(planA), hostEnd(planB)]) assert.ok(addresses.includes(expected))
  const others = addresses.filter((address) => address !== '127.0.0.1')
  const answers = await Promise.all(others.map((address) => ask(guest(planA, 0), address)))
  assert.deepEqual(new Set(answers), new Set([undefined]))
})

test('no machine reaches a port that the host forwards to somewhere else', async () => {
  const table = `rmt${installation}dnat`
  await run(['nft', '-f', '-'], {
    stdin: `table ip ${table} {
  chain p { type nat hook prerouting priority dstnat; tcp dport ${port + 1} dnat to ${outsideAddress}:${port}; }
  chain s { type nat hook postrouting priority srcnat; ip daddr ${outsideAddress} masquerade; }
}\n`,
  })
  try {
    const through = (from: string) => exec(from, 'socat', '-T2', '-', `TCP:${outsideHost}:${port + 1},connect-timeout=1`)
    assert.equal((await through(outside)).stdout.trim(), outsideHost)
    assert.equal((await through(guest(planA, 0))).stdout.trim(), '')
  } finally {
    await run(['nft', 'delete', 'table', 'ip', table])
  }
})

test('no machine reaches another run, nor does anybody from outside', async () => {
  assert.equal(await ask(guest(planA, 0), webB!.hostAddress), undefined)
  assert.equal(await ask(outside, webB!.hostAddress), undefined)
  assert.ok(await ask(undefined, webB!.hostAddress))
})

test('a private network has no way out, and networks of a run do not lead into each other', async () => {
  await run(['ip', '-n', guest(planA, 2), 'route', 'add', 'default', 'via', '10.0.5.14'])
  assert.equal(await ask(guest(planA, 2), outsideAddress), undefined)
  assert.equal(await ask(guest(planA, 2), webA!.interfaces[0]!.address), undefined)
  assert.equal(await ask(guest(planA, 0), storeA!.interfaces[0]!.address), undefined)
  assert.ok(await ask(guest(planA, 0), appA!.interfaces[0]!.address))
})

test('packets with a source that is not the machine’s do not leave the run', async () => {
  const from = guest(planA, 0)
  await run(['ip', '-n', from, 'address', 'add', `${neverHeardFrom}/16`, 'dev', 'eth0'])
  await run(['ip', '-n', from, 'address', 'add', '198.18.77.1/32', 'dev', 'eth0'])
  const bound = async (source: string) =>
    (await exec(from, 'socat', '-T2', '-', `TCP:${outsideAddress}:${port},bind=${source},connect-timeout=1`)).stdout.trim()
  assert.equal(await bound('172.16.0.2'), outsideHost)
  assert.equal(await bound(neverHeardFrom), '')
  assert.equal(await bound('198.18.77.1'), '')
})

for (const address of ['169.254.169.254', '169.254.42.42', '168.63.129.16', '100.100.100.200', '192.0.0.192'])
  test(`the cloud's own ${address} is out of reach of machines, and not of the run's resolvers' questions`, async () => {
    await run(['ip', '-n', outside, 'address', 'add', `${address}/32`, 'dev', 'lo'])
    await run(['ip', 'route', 'add', `${address}/32`, 'via', outsideAddress])
    const names = spawn('ip', ['netns', 'exec', outside, 'socat', `TCP-LISTEN:53,bind=${address},fork`, 'SYSTEM:echo name'])
    const question = async (from: string) =>
      (await exec(from, 'socat', '-T2', '-', `TCP:${address}:53,connect-timeout=1`)).stdout.trim()
    try {
      assert.ok(await ask(undefined, address))
      assert.equal(await ask(guest(planA, 0), address), undefined)
      assert.equal(await ask(planA.name, address), undefined)
      assert.equal(await eventually('an answer', async () => (await question(planA.name)) || undefined), 'name')
      assert.equal(await question(guest(planA, 0)), '')
    } finally {
      names.kill()
      await run(['ip', 'route', 'del', `${address}/32`])
    }
  })

/** Sends so many frames out of the first machine of run A. */
async function floodBy(kind: (typeof floods)[number], count: number, prefix: string): Promise<void> {
  const sent = await run(['ip', 'netns', 'exec', guest(planA, 0), 'perl', '-', kind, '60', `${count}`, '172.16.0.1', prefix], {
    stdin: flood,
  })
  assert.equal(sent.stdout.trim(), `${count}`)
}

/** So many entries may be there for what a run's machines and the platform do themselves. */
const ordinary = 40

test('a machine that invents addresses fills neither the table of its bridge nor that of neighbours, and is still served', async (t) => {
  const before = await kernelTables(planA.name)
  for (const kind of ['macs', 'lldp', 'arp', 'nd', 'strangers'] as const) await floodBy(kind, 4000, '172.16.0.0/16')
  const tables = await kernelTables(planA.name)
  t.diagnostic(JSON.stringify({ before, tables }))
  assert.ok(tables.macs <= bounds.macsOfTap + ordinary, `${tables.macs} MACs`)
  assert.ok(tables.neighbours <= bounds.strangersOfTap + ordinary, `${tables.neighbours} neighbours`)
  assert.equal(await ask(guest(planA, 0), outsideAddress), outsideHost)
  assert.equal(await ask(guest(planA, 0), '172.16.0.3'), '172.16.0.2')
  assert.ok(await ask(undefined, webA!.hostAddress))
})

test('machines inside a machine are heard on its network, each by a MAC and an address of its own', async () => {
  const from = guest(planA, 1)
  for (let at = 1; at <= 8; at += 1) {
    const inner = `${from}v${at}`
    standIns.push(inner)
    await run(['ip', 'netns', 'add', inner])
    await run(['ip', '-n', from, '-batch', '-'], {
      stdin: `link add dev v${at} link eth0 type macvlan mode bridge
link set dev v${at} netns ${inner}
`,
    })
    await run(['ip', '-n', inner, '-batch', '-'], {
      stdin: `address add 172.16.9.${at}/16 dev v${at}
link set dev v${at} up
`,
    })
    assert.equal(await ask(inner, '172.16.0.2'), `172.16.9.${at}`)
    assert.equal((await exec(inner, 'ping', '-c1', '-W2', '172.16.0.1')).code, 0)
  }
})

test("a run speaks to a few of the host's neighbours, and fills no table of theirs", async (t) => {
  await floodBy('udp', 3000, onTheWire)
  const { neighbours } = await kernelTables(undefined, `${outside}0`)
  t.diagnostic(`${neighbours} neighbours`)
  assert.ok(neighbours <= bounds.neighbours + 2, `${neighbours} neighbours`)
  assert.equal(await ask(guest(planB, 0), outsideAddress), outsideHost)
})

test('echo requests, fragments, SYN and UDP to random targets leave a bounded number of connections, in the run and on the host', async (t) => {
  const host = await kernelTables()
  const before = await kernelTables(planA.name)
  for (const kind of ['echo', 'fragments', 'syn', 'udp'] as const) await floodBy(kind, 8000, anywhere)
  const [inside, outwards] = await Promise.all([kernelTables(planA.name), kernelTables()])
  t.diagnostic(JSON.stringify({ before, inside, host, outwards }))
  assert.ok(inside.connections <= bounds.connections + ordinary, `${inside.connections} connections in the run`)
  assert.ok(outwards.connections - host.connections <= bounds.connections + 500, `${outwards.connections} on the host`)
  assert.ok(inside.fragmentBytes <= 1.1 * 2 ** 20, `${inside.fragmentBytes} bytes of fragments`)
  // Its gateway answers on, and so does the world to others.
  assert.equal((await exec(guest(planA, 0), 'ping', '-c3', '-W2', '172.16.0.1')).code, 0)
  assert.equal(await ask(guest(planB, 0), outsideAddress), outsideHost)
})

test('echo requests to a gateway make no connections at all', async () => {
  const before = await kernelTables(planA.name)
  await floodBy('echo', 2000, anywhere)
  const after = await kernelTables(planA.name)
  assert.ok(after.connections <= before.connections + ordinary, `${before.connections}, then ${after.connections}`)
})

test('no IPv6 crosses between the host and a run', async () => {
  const inside = JSON.parse((await run(['ip', '-n', planA.name, '-6', '-json', 'address'])).stdout || '[]') as object[]
  assert.deepEqual(
    inside.filter((item) => Object.keys(item).length > 0),
    [],
  )
  const veth = await run(['ip', '-6', '-json', 'address', 'show', 'dev', planA.name])
  assert.doesNotMatch(veth.stdout, /fe80/)
})

test('bridged traffic passes even while br_netfilter sends it through the rules', async () => {
  const switched = await exec(planA.name, 'sysctl', '-w', 'net.bridge.bridge-nf-call-iptables=1')
  if (switched.code !== 0) return
  assert.equal(await ask(guest(planA, 0), '172.16.0.3'), '172.16.0.2')
})

test('what is missing is seen, and made again without disturbing the rest', async () => {
  const spoils: [string, ...string[]][] = [
    ['ip', 'link', 'delete', 'dev', planA.name],
    ['nft', 'delete', 'table', 'inet', planA.name],
    ['nft', 'flush', 'chain', 'inet', planA.name, 'from-run'],
    ['ip', 'netns', 'exec', planA.name, 'nft', 'delete', 'table', 'inet', 'ramet'],
    ['ip', 'netns', 'exec', planA.name, 'nft', 'delete', 'table', 'bridge', 'ramet'],
    ['ip', 'netns', 'exec', planA.name, 'nft', 'flush', 'chain', 'bridge', 'ramet', 'hear-tap0-0'],
    ['ip', '-n', planA.name, 'link', 'set', 'dev', 'br0', 'type', 'bridge', 'no_linklocal_learn', '0'],
    ['ip', '-n', planA.name, 'link', 'delete', 'dev', 'tap1-1'],
    ['ip', '-n', planA.name, 'link', 'set', 'dev', 'br0', 'down'],
    ['ip', '-n', planA.name, 'address', 'flush', 'dev', 'br1'],
    ['ip', 'route', 'delete', planA.lease],
  ]
  assert.equal(await networks.ready(planA), true)
  for (const spoil of spoils) {
    await run(spoil)
    assert.equal(await networks.ready(planA), false, spoil.join(' '))
    await networks.make(planA)
    assert.equal(await networks.ready(planA), true, spoil.join(' '))
    assert.ok(await ask(undefined, webA!.hostAddress), spoil.join(' '))
  }
})

test('leftovers of any kind are listed, and removal leaves none and may be repeated', async () => {
  const plan = planNetwork(`r${installation}-c`, '198.19.255.240/28', topology)
  const listed = async () => {
    const isListed = (await networks.list(installation)).includes(plan.name)
    assert.equal(await networks.exists(plan.name), isListed)
    return isListed
  }
  await run(['ip', 'netns', 'add', plan.name])
  assert.ok(await listed())
  await networks.remove(plan.name)
  await run(['nft', 'add', 'table', 'inet', plan.name])
  assert.ok(await listed())
  await networks.remove(plan.name)
  // A making that was killed after its first program.
  await run(['ip', 'netns', 'add', plan.name])
  await networks.make(plan)
  assert.equal(await networks.ready(plan), true)
  assert.equal((await exec(plan.name, 'sysctl', '-n', 'net.ipv4.conf.all.arp_ignore')).stdout.trim(), '1')
  assert.equal((await networks.list('0bad')).length, 0)
  await networks.remove(plan.name)
  await networks.remove(plan.name)
  assert.equal(await listed(), false)
})

test('a making that fails leaves nothing', async () => {
  const name = `r${installation}-d`
  const impossible = planNetwork(name, '198.19.255.224/28', {
    ...topology,
    networks: [{ ...topology.networks[0]!, gateway: '999.0.0.1' }, topology.networks[1]!],
  })
  await assert.rejects(networks.make(impossible), { code: 'process_failed' })
  assert.equal((await networks.list(installation)).includes(name), false)
})

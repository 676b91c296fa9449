import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { run } from '../process/run-process.ts'
import { linuxNetworks } from './namespace.ts'
import { hostEnd, planNetwork } from './plan.ts'

// Hosts in namespaces of their own stand in for the VMs: a veth in the bridge instead of the tap.
const installation = '7e57'
const leaseFolder = await mkdtemp(join(tmpdir(), 'leases-'))
const networks = linuxNetworks({ vmUid: 65534, leaseFolder })
const topology = {
  networks: [
    { name: 'local', subnet: '172.16.0.0/24', gateway: '172.16.0.1', private: false },
    { name: 'db', subnet: '10.0.5.0/28', gateway: '10.0.5.14', private: true },
  ],
  machines: [
    { name: 'web', interfaces: [{ network: 'local', address: '172.16.0.2', prefixLength: 24 }] },
    {
      name: 'app',
      interfaces: [
        { network: 'local', address: '172.16.0.3', prefixLength: 24 },
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
const neverHeardFrom = '172.16.0.77'
const port = 8099
const standIns: string[] = [outside]
const children: ChildProcess[] = []
let hostService: Server

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
        stdin: `link add dev s${item.tap} type veth peer name ${item.name} address ${item.mac} netns ${name}
link set dev s${item.tap} master ${bridge} up\n`,
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
  await run(['ip', '-batch', '-'], { stdin: `address add ${outsideHost}/30 dev ${outside}0\nlink set dev ${outside}0 up\n` })
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
  hostService.close()
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
  await run(['ip', '-n', from, 'address', 'add', `${neverHeardFrom}/24`, 'dev', 'eth0'])
  await run(['ip', '-n', from, 'address', 'add', '198.18.77.1/32', 'dev', 'eth0'])
  const bound = async (source: string) =>
    (await exec(from, 'socat', '-T2', '-', `TCP:${outsideAddress}:${port},bind=${source},connect-timeout=1`)).stdout.trim()
  assert.equal(await bound('172.16.0.2'), outsideHost)
  assert.equal(await bound(neverHeardFrom), '')
  assert.equal(await bound('198.18.77.1'), '')
})

test('link-local metadata services are out of reach', async () => {
  await run(['ip', '-n', outside, 'address', 'add', '169.254.169.254/32', 'dev', 'lo'])
  await run(['ip', 'route', 'add', '169.254.169.254/32', 'via', outsideAddress])
  try {
    assert.ok(await ask(undefined, '169.254.169.254'))
    assert.equal(await ask(guest(planA, 0), '169.254.169.254'), undefined)
  } finally {
    await run(['ip', 'route', 'del', '169.254.169.254/32'])
  }
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
  const listed = async () => (await networks.list(installation)).includes(plan.name)
  await run(['ip', 'netns', 'add', plan.name])
  assert.ok(await listed())
  await networks.remove(plan.name)
  await run(['nft', 'add', 'table', 'inet', plan.name])
  assert.ok(await listed())
  await networks.remove(plan.name)
  await networks.make(plan)
  assert.equal(await networks.ready(plan), true)
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

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { run } from '../../process/run-process.ts'
import { runInside } from '../../testing/inside-vm.ts'
import { testCache } from '../../testing/test-vm.ts'
import { hostTool } from '../../vmm/qemu/host-tools.ts'
import { linuxNetworks } from '../namespace.ts'
import { planNetwork } from '../plan.ts'
import { dnsmasqResolvers as resolversWith } from './dnsmasq.ts'
import { hostsFileOf } from './dnsmasq-command-line.ts'
import { planNames } from './name-plan.ts'
import type { RunNames } from './resolvers.ts'

// A namespace stands in for each machine; a resolver of the outside world answers 203.0.113.77 to everything.
const home = await mkdtemp(join(tmpdir(), 'rt-names-'))
await chmod(home, 0o711)
const networks = linuxNetworks({ vmUid: 65534, leaseFolder: join(home, 'leases') })
const network = planNetwork('r7e58-a', await networks.lease('7e58', 'a'.repeat(24)), {
  networks: [
    { name: 'open', subnet: '172.16.0.0/24', gateway: '172.16.0.1', private: false },
    { name: 'back', subnet: '10.0.5.0/24', gateway: '10.0.5.1', private: true },
  ],
  machines: [
    {
      name: 'web',
      interfaces: [
        { network: 'open', address: '172.16.0.2', prefixLength: 24 },
        { network: 'back', address: '10.0.5.2', prefixLength: 24 },
      ],
    },
    { name: 'db', interfaces: [{ network: 'back', address: '10.0.5.3', prefixLength: 24 }] },
  ],
})
const outside = 'rmt7e58out'
const nameserver = '203.0.113.6'
const names: RunNames = {
  folder: join(home, 'runs', 'a'.repeat(24), 'names'),
  network,
  nameservers: [nameserver],
  groups: [],
  uid: 1_900_000_001,
}
const dnsmasqResolvers = resolversWith(() => hostTool(testCache, 'jail'))
const guests = network.machines.map((_, at) => `rmt7e58g${at}`)
let world: ChildProcess

const asks = (script: string) => ['/usr/bin/env', 'node', '-e', script]
/** All IPv4 addresses that a machine is told, by a question of its own to its gateway; the error's code when there is none. */
async function ask(machine: number, server: string, name: string, type = 'resolve4'): Promise<string> {
  const script = `const {Resolver}=require('node:dns').promises;const r=new Resolver({timeout:1500,tries:1});r.setServers(['${server}']);r.${type}('${name}').then(a=>console.log(a.join(' ')),e=>console.log(e.code))`
  return (await run(['ip', 'netns', 'exec', guests[machine]!, ...asks(script)])).stdout.trim()
}

before(async () => {
  await mkdir(names.folder, { recursive: true })
  await networks.make(network)
  for (const [at, machine] of network.machines.entries()) {
    const guest = guests[at]!
    await run(['ip', 'netns', 'add', guest])
    for (const item of machine.interfaces) {
      const bridge = network.networks.find((each) => each.name === item.network)!.bridge
      // In the tap's place and with its machine's address: the run's rules let no other in.
      await run(['ip', '-n', network.name, '-batch', '-'], {
        stdin: `link delete dev ${item.tap}
link add dev ${item.tap} type veth peer name ${item.name} address ${item.mac} netns ${guest}
link set dev ${item.tap} master ${bridge} up
`,
      })
      await run(['ip', '-n', guest, 'address', 'add', `${item.address}/24`, 'dev', item.name])
      await run(['ip', '-n', guest, 'link', 'set', 'dev', item.name, 'up'])
    }
  }
  await run(['ip', 'netns', 'add', outside])
  await run(['ip', 'link', 'add', 'dev', `${outside}0`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', outside])
  await run(['ip', '-batch', '-'], { stdin: `address add 203.0.113.5/30 dev ${outside}0\nlink set dev ${outside}0 up\n` })
  await run(['ip', '-n', outside, '-batch', '-'], {
    stdin: `address add ${nameserver}/30 dev eth0\nlink set dev lo up\nlink set dev eth0 up\nroute add default via 203.0.113.5\n`,
  })
  const answers = [
    '--address=/#/203.0.113.77',
    '--no-resolv',
    '--no-hosts',
    '--conf-file=/dev/null',
    '--log-facility=-',
    '--log-queries',
  ]
  world = spawn('ip', ['netns', 'exec', outside, 'dnsmasq', '-k', ...answers], { stdio: ['ignore', 'ignore', 'pipe'] })
  world.stderr?.on('data', (chunk: Buffer) => {
    asked += chunk.toString()
  })
  await dnsmasqResolvers.start(names)
})
let asked = ''

after(async () => {
  world.kill()
  await dnsmasqResolvers.end(names.folder)
  await networks.remove(network.name)
  await run(['ip', 'link', 'delete', 'dev', `${outside}0`], { okCodes: [0, 1] })
  for (const guest of [...guests, outside]) await run(['ip', 'netns', 'delete', guest], { okCodes: [0, 1] })
  await rm(home, { recursive: true })
})

test('machines find each other by name, each by the address that it can reach', async () => {
  assert.equal(await ask(0, '172.16.0.1', 'db'), '10.0.5.3')
  assert.equal(await ask(0, '172.16.0.1', 'web'), '172.16.0.2')
  assert.equal(await ask(1, '10.0.5.1', 'web'), '10.0.5.2')
  assert.equal(await ask(1, '10.0.5.1', 'web.open'), '172.16.0.2')
  assert.equal(await ask(0, '172.16.0.1', 'db.back'), '10.0.5.3')
})

test('names from outside are forwarded for those who may go out, and for nobody else', async () => {
  assert.equal(await ask(0, '172.16.0.1', 'deb.debian.org'), '203.0.113.77')
  assert.equal(await ask(1, '10.0.5.1', 'deb.debian.org'), 'ENOTFOUND')
  assert.equal(await ask(1, '10.0.5.1', 'secret.data.example'), 'ENOTFOUND')
  assert.doesNotMatch(asked, /secret/)
})

test("the run's own names are never asked for outside, nor are IPv6 addresses told", async () => {
  assert.equal(await ask(0, '172.16.0.1', 'nobody'), 'ENOTFOUND')
  assert.equal(await ask(0, '172.16.0.1', 'sub.web.open'), 'ENOTFOUND')
  assert.equal(await ask(0, '172.16.0.1', 'web', 'resolve6'), 'ENODATA')
  assert.equal(await ask(0, '172.16.0.1', 'localhost.localdomain'), '203.0.113.77')
  assert.doesNotMatch(asked, /nobody|web/)
})

test('a gateway answers on its own network alone, and on no other port', async () => {
  assert.match(await ask(1, '172.16.0.1', 'web'), /TIMEOUT|REFUSED|UNREACH/)
  const refused = await run(['ip', 'netns', 'exec', guests[1]!, 'socat', '-T1', '-', 'TCP:10.0.5.1:5300,connect-timeout=1'], {
    okCodes: [0, 1],
  })
  assert.equal(refused.code, 1)
})

test('questions over TCP are answered too', async () => {
  const question = Buffer.from('000701000001000000000000' + '03776562046f70656e00' + '00010001', 'hex')
  const length = Buffer.from([0, question.length])
  const answer = await run(['ip', 'netns', 'exec', guests[0]!, 'socat', '-t2', '-', 'TCP:172.16.0.1:53,connect-timeout=2'], {
    stdin: Buffer.concat([length, question]),
  })
  assert.notEqual(answer.stdout, '')
})

test('resolvers run without any right, and one that died is seen and started again', async () => {
  assert.ok(await dnsmasqResolvers.ready(names))
  for (const view of planNames(network).views) {
    const pid = Number(await readFile(join(names.folder, `${view.port}.pid`), 'utf8'))
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    assert.match(status, /^CapEff:\s+0+$/m)
    assert.match(status, /^NoNewPrivs:\s+1$/m)
    assert.match(status, /^Uid:\s+1900000001\s/m)
    const { stdout } = await runInside(pid, 'ls /; ls /etc /proc; find / -name "*.hosts"')
    // The folder that its own file is in, and what programs need.
    const shown = ['dev', 'lib', 'lib64', 'usr', home.split('/')[1]].sort()
    assert.deepEqual(stdout.trim().split('\n').slice(0, 6), [...shown, hostsFileOf(names.folder, view)])
    process.kill(pid, 'SIGKILL')
    const end = Date.now() + 10_000
    while (await dnsmasqResolvers.ready(names)) {
      assert.ok(Date.now() < end, 'its end is seen')
      await delay(10)
    }
    await dnsmasqResolvers.start(names)
    assert.ok(await dnsmasqResolvers.ready(names))
  }
  assert.equal(await ask(1, '10.0.5.1', 'web'), '10.0.5.2')
})

test('other nameservers of the host make other resolvers', async () => {
  const others = { ...names, nameservers: [nameserver, '192.0.2.9'] }
  assert.equal(await dnsmasqResolvers.ready(others), false)
  await dnsmasqResolvers.start(others)
  assert.equal(await dnsmasqResolvers.ready(others), true)
  assert.equal(await dnsmasqResolvers.ready(names), false)
})

const processes = async () => Number((await run(['pgrep', '-f', '-c', `pid-file=${names.folder}`], { okCodes: [0, 1] })).stdout)

test('the end of a resolver is that of its children for TCP, also where nothing was recorded of it', async () => {
  for (const isRecorded of [true, false]) {
    await dnsmasqResolvers.start(names)
    const alone = await processes()
    const caller = spawn('ip', ['netns', 'exec', guests[0]!, 'socat', '-u', 'TCP:172.16.0.1:53', '-'], { stdio: 'ignore' })
    try {
      for (const deadline = Date.now() + 20_000; (await processes()) === alone; await delay(20))
        assert.ok(Date.now() < deadline, 'no child for the connection')
      if (!isRecorded)
        for (const name of await readdir(names.folder)) if (name.endsWith('.json')) await rm(join(names.folder, name))
      await dnsmasqResolvers.end(names.folder)
      assert.equal(await processes(), 0)
      assert.equal(await dnsmasqResolvers.exists(names.folder), false)
    } finally {
      caller.kill('SIGKILL')
    }
  }
  await dnsmasqResolvers.start(names)
})

test('what is there of a run is listed, and the end leaves nothing, and may be repeated', async () => {
  assert.deepEqual(await dnsmasqResolvers.list(join(home, 'runs')), [names.folder])
  assert.equal(await dnsmasqResolvers.exists(names.folder), true)
  assert.deepEqual(await dnsmasqResolvers.list(join(home, 'run')), [])
  await dnsmasqResolvers.end(names.folder)
  await dnsmasqResolvers.end(names.folder)
  assert.deepEqual(await dnsmasqResolvers.list(join(home, 'runs')), [])
})

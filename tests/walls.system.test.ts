import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { kernelTables } from '@ramet/engine/testing'
import type { Play } from '@ramet/model/api/wire.ts'
import { tellMachine } from './harness/in-machine.ts'
import { finish, until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'
import { letLoose, mustBeWithinBounds, namespaceOf, oneBox, watchTables } from './hostile-guest.ts'

/** Two runs of one playground, with the same addresses inside; what one of them can reach. `world`: a namespace that stands for the host's network. */
const manifest = oneBox('Alone')
/** Asks all at once, over TCP and UDP, and prints who answered with our word within some seconds. */
const scanner = `use strict; use IO::Socket::INET; use IO::Select; use Time::HiRes 'time';
my (%at, @got); my $select = IO::Select->new;
for (@ARGV) { my ($host, $port) = split /:/; for my $proto ('tcp', 'udp') {
  my $s = IO::Socket::INET->new(Proto => $proto, Blocking => 0) or next;
  connect($s, pack_sockaddr_in($port, inet_aton($host))); send($s, "hello", 0) if $proto eq 'udp';
  $at{fileno $s} = "$proto $host"; $select->add($s) } }
my $end = time + 6;
while ((my $left = $end - time) > 0) { for my $s ($select->can_read($left)) { my $n = sysread($s, my $x, 99);
  push @got, $at{fileno $s} if $n && $x =~ /ramet-wall/; $select->remove($s) } last unless $select->count }
print join("\\n", sort @got), "\\n";`
/** Gratuitous answers: each address is said to be at our MAC (RFC 826). */
const liar = `use strict; my ($mac) = map { s/[:\\n]//gr } \`cat /sys/class/net/eth0/address\`; my $m = pack 'H*', $mac; my ($i) = map { s/\\n//r } \`cat /sys/class/net/eth0/ifindex\`;
socket(my $s, 17, 3, 0x0608) or die $!; my $to = pack 'SnlSCCH16', 17, 0x0806, $i, 1, 0, 6, 'ffffffffffff0000';
for (1..3) { for (@ARGV) { my $a = pack 'C4', split /\\./; send($s, ("\\xff" x 6) . $m . pack('n', 0x0806) . pack('nnCCn', 1, 0x0800, 6, 4, 2) . $m . $a . ("\\xff" x 6) . $a, 0, $to) or die $! } }`

/** `hostile-guest.proof.test.ts` is the long form. */
const hostileSeconds = 20
/** RFC 5737's. */
const anywhere = '198.51.100.0/25'

describe('what a guest can reach', { concurrency: false }, () => {
  const server = new TestServer()
  /** Carries the installation's id, as all that `npm test` removes does. */
  let world = ''
  const outside = '203.0.113.18'
  const port = 8077
  const udp = createSocket('udp4', (_, from) => udp.send('ramet-wall', from.port, from.address))
  const tcp = createServer((socket) => socket.on('error', () => {}).end('ramet-wall'))
  const children: ChildProcess[] = []
  let heard = ''
  let [mine, theirs] = ['', '']

  /** The address at a place of the /28 that `address` is in. */
  const placeOf = (address: string, place: number) => address.replace(/\d+$/, (last) => String((Number(last) & ~15) + place))
  const play = async (id: string): Promise<Play> => (await server.client()).plays.get(id)
  const addressOf = async (id: string) => (await play(id)).machines[0]?.hostAddress ?? ''
  const tell = (id: string, command: string) => tellMachine(server, id, 'box', command)
  const inGuest = async (id: string, command: string): Promise<string> => {
    const { code, stdout, stderr } = await tell(id, command)
    assert.equal(code, 0, `${command}: ${stderr}${stdout}`)
    return stdout.trim()
  }
  const perl = (id: string, script: string, args: readonly string[]) =>
    inGuest(id, `perl - ${args.join(' ')} <<'PERL'\n${script}\nPERL`)
  const scan = (id: string, hosts: readonly string[], ports = [port]) =>
    perl(
      id,
      scanner,
      hosts.flatMap((host) => ports.map((each) => `${host}:${each}`)),
    ).then((text) => text.split('\n').filter(Boolean))
  const hostAddresses = async () => {
    const { stdout } = await finish(['ip', '-4', '-o', 'address'])
    const ends = new Set([placeOf(await addressOf(mine), 0), placeOf(await addressOf(theirs), 0)])
    const all = [...stdout.matchAll(/inet (\d+\.\d+\.\d+\.\d+)/g)].flatMap((match) => match[1] ?? [])
    // Runs of other servers come and go.
    return all.filter((address) => ends.has(address) || !/^198\.1[89]\./.test(address))
  }

  before(async () => {
    await server.start()
    world = `rmt${(await (await server.client()).health()).installation}w`
    tcp.listen(port, '0.0.0.0')
    udp.bind(port, '0.0.0.0')
    await finish(['ip', 'netns', 'add', world])
    await finish(['ip', 'link', 'add', 'dev', 'rtwall0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', world])
    await finish(['ip', '-batch', '-'], {
      stdin: `address add 203.0.113.17/30 dev rtwall0
link set dev rtwall0 up
route add ${anywhere} via ${outside}\n`,
    })
    await finish(['ip', '-n', world, '-batch', '-'], {
      stdin: `address add ${outside}/30 dev eth0\nlink set dev lo up\nlink set dev eth0 up\nroute add default via 203.0.113.17\n`,
    })
    const inWorld = (argv: string[]) => {
      const child = spawn('ip', ['netns', 'exec', world, ...argv], { stdio: ['ignore', 'pipe', 'ignore'] })
      child.stdout.on('data', (chunk: Buffer) => {
        heard += chunk.toString()
      })
      children.push(child)
    }
    inWorld(['socat', `TCP-LISTEN:${port},fork,reuseaddr`, 'SYSTEM:echo ramet-wall'])
    // Everything that comes in over UDP, with its sender.
    inWorld(['socat', '-u', `UDP-RECV:${port + 1}`, '-'])
    const file = join(server.home, 'alone.yaml')
    await writeFile(file, manifest)
    const name = (await server.ok('playground', 'create', 'alone', '-b', 'flexbox', '-f', file, '-q')).trim()
    const started = await Promise.all([1, 2].map(() => server.ramet(['playground', 'start', name, '-q'], { timeoutMs: 600_000 })))
    for (const { code, stderr } of started) assert.equal(code, 0, stderr + server.output.slice(-3000))
    ;[mine = '', theirs = ''] = started.map(({ stdout }) => stdout.trim())
  })
  after(async () => {
    for (const child of children) child.kill()
    tcp.close()
    udp.close()
    await finish(['ip', 'link', 'delete', 'dev', 'rtwall0'])
    await finish(['ip', 'netns', 'delete', world])
    await server.dispose()
  })

  test('two runs of one playground live side by side with the same addresses inside', async () => {
    for (const id of [mine, theirs]) {
      assert.match(await inGuest(id, 'ip -4 -o address show dev eth0'), /172\.16\.0\.2\/16/)
      await inGuest(id, `echo ${id} > /root/who`)
    }
    assert.notEqual(await addressOf(mine), await addressOf(theirs))
    assert.equal(await inGuest(theirs, 'cat /root/who'), theirs)
  })

  test('a scan from inside finds no service of the host on any of its addresses, though all of them answer the host itself', async () => {
    const addresses = await hostAddresses()
    assert.ok(addresses.length >= 4, addresses.join(' '))
    // The same question, asked by the host: the service is there on each.
    const file = join(server.home, 'scan.pl')
    await writeFile(file, scanner)
    const { stdout } = await finish(['perl', file, ...addresses.map((address) => `${address}:${port}`)])
    assert.equal(stdout.trim().split('\n').length, 2 * addresses.length, stdout)
    // And the scanner finds what it may find from inside.
    const from = addresses.filter((address) => address !== '127.0.0.1')
    const apiPort = Number(new URL(server.endpoint).port)
    assert.deepEqual(await scan(mine, [outside, ...from], [port, apiPort, 22]), [`tcp ${outside}`])
  })

  test('nor the other run, by its outside addresses or the ends of its link, nor link-local and metadata addresses', async () => {
    const other = await addressOf(theirs)
    await inGuest(
      theirs,
      `systemd-run -q --unit=wall perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalPort => ${port}, Listen => 9, ReuseAddr => 1); while (my $c = $s->accept) { print $c "ramet-wall" }'`,
    )
    const control = async () => (await finish(['socat', '-T2', '-', `TCP:${other}:${port},connect-timeout=2`])).stdout
    await until('the service in the other run to answer the host', async () => (await control()) === 'ramet-wall')
    const link = Array.from({ length: 16 }, (_, place) => placeOf(other, place))
    const nowhere = [
      '169.254.169.254',
      '169.254.1.1',
      '168.63.129.16',
      '100.100.100.200',
      '192.0.0.192',
      '224.0.0.1',
      '255.255.255.255',
    ]
    assert.deepEqual(await scan(mine, [outside, ...link, ...nowhere], [port, 80]), [`tcp ${outside}`])
    assert.notEqual((await tell(mine, 'ping -c1 -W2 169.254.169.254')).code, 0)
  })

  test('packets with a forged source leave the run neither as what they claim nor otherwise', async () => {
    const forged = [await addressOf(theirs), '203.0.113.17', '172.16.0.77', '169.254.169.254', '8.8.8.8']
    await inGuest(mine, forged.map((address) => `ip address add ${address}/32 dev eth0`).join(' && '))
    const send = (source: string) =>
      `perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(Proto => "udp", LocalAddr => "${source}", PeerAddr => "${outside}:${port + 1}") or die; print $s "from ${source}\\n" for 1..3'`
    for (const source of [...forged, '172.16.0.2']) await inGuest(mine, send(source))
    // The last one is honest and arrives, so the ones before it would have.
    await until('the honest packet to arrive', () => heard.includes('from 172.16.0.2'), 20_000)
    for (const source of forged) assert.ok(!heard.includes(`from ${source}`), source)
    await inGuest(mine, forged.map((address) => `ip address del ${address}/32 dev eth0`).join(' && '))
  })

  test('forged ARP answers take nothing from the host or from other runs', async () => {
    const [own, other] = [await addressOf(mine), await addressOf(theirs)]
    const lies = [
      '172.16.0.1',
      '172.16.0.3',
      other,
      outside,
      '203.0.113.17',
      ...(await hostAddresses()).filter((each) => each.startsWith('198.18.')),
    ]
    await perl(mine, liar, lies)
    for (const address of [own, other, outside]) assert.equal((await finish(['ping', '-c2', '-W3', address])).code, 0, address)
    assert.deepEqual(await scan(mine, [outside]), [`tcp ${outside}`], 'the gateway is still where it was')
    assert.equal(await inGuest(theirs, 'cat /root/who'), theirs)
  })

  test('a machine that lets nobody in runs its tasks and has no shell of the platform on its serial line', async () => {
    const shells = `grep -sl -e 'consol[e]' -e 'gett[y]' /proc/[0-9]*/cmdline`
    assert.notEqual(await inGuest(theirs, shells), '', 'others have one')
    const file = join(server.home, 'closed.yaml')
    await writeFile(
      file,
      manifest.replace('/ }]\n', '/ }]\n      noSSH: true\n').replace(
        '  accessControl',
        `  initTasks: { look: { init: true, machine: box, run: "${shells} || echo nobody" } }
  accessControl`,
      ),
    )
    const name = (await server.ok('playground', 'create', 'closed', '-b', 'flexbox', '-f', file, '-q')).trim()
    const id = (await server.ok('playground', 'start', name, '-q')).trim()
    const client = await server.client()
    const look = await until(
      'the task to end',
      async () => (await client.plays.tasks(id)).find(({ stdout }) => stdout !== undefined && stdout !== ''),
      120_000,
    )
    assert.equal(look.stdout?.trim(), 'nobody')
    await assert.rejects(client.console(id, 'box').ready, { code: 'no_ssh' })
    await server.ok('playground', 'destroy', id, '-q')
  })

  test('a guest that sends all that it can fills no table of the kernel, and its neighbour is served', async (t) => {
    const namespace = await namespaceOf(await addressOf(mine))
    const before = await kernelTables(undefined, 'rtwall0')
    await letLoose(server, mine, 'box', hostileSeconds, anywhere)
    const [fullest, near] = await Promise.all([
      watchTables(namespace, 'rtwall0', hostileSeconds * 1000),
      inGuest(theirs, `sleep ${hostileSeconds / 2}; cat /root/who`),
    ])
    t.diagnostic(JSON.stringify({ ...fullest, before }))
    mustBeWithinBounds(fullest, before)
    assert.equal(near, theirs)
    assert.equal((await play(theirs)).state, 'RUNNING')
  })
})

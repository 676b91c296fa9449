import assert from 'node:assert/strict'
import { hostConformance } from '../testing/host-conformance.ts'
import { testCache } from '../testing/test-vm.ts'
import type { Host } from './host.ts'
import type { MachineName } from './host-machines.ts'
import { openHost } from './open-host.ts'

const ports = { everywhere: 7000, loopback: 7001, datagrams: 7002 }

/**
 * Sends back what comes; what Debian's own perl can. All three at once, since a perl takes seconds to start in a guest that is still booting. Connections one at a time. The command
 * ends once it listens.
 */
const echoServers = `setsid -w perl -MIO::Socket::INET -e '
sub tcp { IO::Socket::INET->new(LocalAddr => $_[0], LocalPort => $_[1], Listen => 5, ReuseAddr => 1) or die }
@tcp = (tcp("0.0.0.0", ${ports.everywhere}), tcp("127.0.0.1", ${ports.loopback}));
$udp = IO::Socket::INET->new(Proto => "udp", LocalPort => ${ports.datagrams}) or die;
exit if fork;
for $s (@tcp) { next if fork; while ($c = $s->accept) { while (sysread($c, $in, 4096)) { syswrite($c, $in) } close $c } }
while (defined($from = recv($udp, $in, 4096, 0))) { send($udp, $in, 0, $from) }
' </dev/null >/dev/null 2>&1`

let begun: Promise<void> | undefined

async function begin(host: Host, machine: MachineName): Promise<void> {
  const { code, stderr } = await host.machines.run(machine, echoServers)
  assert.equal(code, 0, stderr)
}

async function echoPort(host: Host, machine: MachineName, which: keyof typeof ports): Promise<number> {
  begun ??= begin(host, machine)
  await begun
  return ports[which]
}

hostConformance('QEMU on this Linux host', {
  open: openHost,
  cache: testCache,
  echo: echoPort,
  echoDatagrams: (host, machine) => echoPort(host, machine, 'datagrams'),
})

import assert from 'node:assert/strict'
import { hostConformance } from '../testing/host-conformance.ts'
import { testCache } from '../testing/test-vm.ts'
import { openHost } from './open-host.ts'

/** Sends back what comes, one connection at a time; what Debian's own perl can. */
const echoServer = (address: string, port: number) =>
  `setsid perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalAddr => "${address}", LocalPort => ${port}, Listen => 5, ReuseAddr => 1) or die; while ($c = $s->accept) { while (sysread($c, $b, 4096)) { syswrite($c, $b) } close $c }' </dev/null >/dev/null 2>&1 &
for i in $(seq 100); do ss -ltn | grep -q ':${port} ' && exit 0; sleep 0.1; done; exit 1`

const datagramEcho = (port: number) =>
  `setsid perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Proto => "udp", LocalPort => ${port}) or die; while (defined($p = recv($s, $b, 4096, 0))) { send($s, $b, 0, $p) }' </dev/null >/dev/null 2>&1 &
for i in $(seq 100); do ss -lun | grep -q ':${port} ' && exit 0; sleep 0.1; done; exit 1`

hostConformance('QEMU on this Linux host', {
  open: openHost,
  cache: testCache,
  async echo(host, machine, where) {
    const [address, port] = where === 'loopback' ? ['127.0.0.1', 7001] : ['0.0.0.0', 7000]
    const { code, stderr } = await host.machines.run(machine, echoServer(String(address), Number(port)))
    assert.equal(code, 0, stderr)
    return Number(port)
  },
  async echoDatagrams(host, machine) {
    const { code, stderr } = await host.machines.run(machine, datagramEcho(7002))
    assert.equal(code, 0, stderr)
    return 7002
  },
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { settledCommand } from '@ramet/engine/testing'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'
import { milliseconds, quantile, times } from './harness/timing.ts'

/** Where requests to the server may be at the 99th percentile, and how much slower a neighbour's commands may become, while a guest does its worst. */
const apiWithinMs = 250
const neighbourTimes = 3

/** Both are measured for this long, side by side. */
const measureMs = 10_000
/** Between two requests: some hundred a second. */
const betweenMs = 3

/** Each ends by itself, should nobody end it. */
const abuses = {
  'spins on its CPU': 'timeout 120 sh -c "while :; do :; done"',
  'takes all its memory': `timeout 120 perl -e 'for (;;) { my @x; push @x, "x" x 2**20 for 1..400 }'`,
  'fills its disk': 'timeout 120 sh -c "for i in 1 2 3; do dd if=/dev/zero of=/root/fill bs=1M count=2000; rm /root/fill; done"',
  'floods the network with small packets from ever new ports': `timeout 120 perl -MIO::Socket::INET -e 'for (my $i = 0;; $i++) { my $to = $i % 2 ? "198.51.100." . (128 + $i % 120) . ":9" : "172.16.0.1:53"; my $s = IO::Socket::INET->new(Proto => "udp", PeerAddr => $to) or next; send $s, "x" x 400, 0 }'`,
  'floods its gateway': 'timeout 120 ping -f -s 1400 172.16.0.1',
  'asks for names without end': `timeout 120 perl -e 'for (;;) { gethostbyname(int(rand 1e9) . ".example.org") }'`,
  'forks without end': `timeout 120 perl -e 'for (;;) { fork }'`,
} as const

describe('a guest that does its worst', { concurrency: false }, () => {
  const server = new TestServer()
  let [hog, neighbour] = ['', '']
  let quiet = 0

  before(async () => {
    await server.start()
    const started = await Promise.all(
      [1, 2].map(() => server.ramet(['playground', 'start', 'debian', '-q'], { timeoutMs: 900_000 })),
    )
    for (const { code, stderr } of started) assert.equal(code, 0, stderr)
    ;[hog = '', neighbour = ''] = started.map(({ stdout }) => stdout.trim())
    for (const id of [hog, neighbour]) await server.ramet(['ssh', id, '--', settledCommand(120)])
    quiet = quantile(await commandsOf(neighbour), 0.5)
  })
  after(() => server.dispose())

  async function commandsOf(id: string): Promise<number[]> {
    const client = await server.client()
    return times(async () => {
      const stream = client.exec(id, 'debian', { command: 'echo here', user: 'root' })
      stream.onOutput(() => {})
      assert.equal((await stream.exit).code, 0)
    }, measureMs)
  }

  for (const [what, command] of Object.entries(abuses)) {
    test(`${what}, and neither the server nor a neighbour suffers`, async (t) => {
      const unit = `[Service]\nTasksMax=infinity\nOOMPolicy=continue\nExecStart=/bin/bash /root/abuse.sh\n`
      const write = await server.ramet(['ssh', hog, '--', 'cat > /root/abuse.sh'], { stdin: `${command}\n` })
      assert.equal(write.code, 0, write.stderr)
      const begin = await server.ramet(
        [
          'ssh',
          hog,
          '--',
          'cat > /run/systemd/system/abuse.service && systemctl daemon-reload && systemctl start --no-block abuse && sleep 2 && systemctl is-active abuse',
        ],
        { stdin: unit, timeoutMs: 60_000 },
      )
      // A fork bomb may leave no room for an answer: that it goes on is what this is about.
      if (!what.startsWith('forks')) assert.match(begin.stdout, /^activ/, `${begin.stdout}${begin.stderr}`)
      const client = await server.client()
      const [api, near] = await Promise.all([times(() => client.plays.list(), measureMs, betweenMs), commandsOf(neighbour)])
      const figures = `API p50 ${quantile(api, 0.5).toFixed(0)} ms, p99 ${quantile(api, 0.99).toFixed(0)} ms; a neighbour's command ${quantile(near, 0.5).toFixed(0)} ms, quiet ${quiet.toFixed(0)} ms`
      t.diagnostic(figures)
      assert.ok(quantile(api, 0.99) < apiWithinMs, figures)
      assert.ok(quantile(near, 0.5) <= neighbourTimes * quiet, figures)
      if (what.startsWith('forks')) return
      const end = 'systemctl kill -s KILL abuse; rm -f /root/fill; ! systemctl is-active -q abuse'
      await until(
        'the guest to be calm again',
        async () => (await server.ramet(['ssh', hog, '--', end])).code === 0,
        120_000,
        500,
      )
    })
  }

  test('the run is destroyed in the middle of it', async () => {
    const took = await milliseconds(() => server.ok('playground', 'destroy', hog, '-q'))
    assert.ok(took < 30_000, `${took} ms`)
  })
})

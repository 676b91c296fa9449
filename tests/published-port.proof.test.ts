import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { until } from './harness/processes.ts'
import { root, TestServer } from './harness/server.ts'

/** A published port and a forward on a real VM. */
describe('a port of a real machine', { concurrency: false }, () => {
  const server = new TestServer()
  let id = ''

  before(async () => {
    await server.start()
    id = (await server.ok('playground', 'start', 'debian', '-q')).trim()
  })
  after(() => server.dispose())

  test('a web server has a host name of its own and is behind a port of this computer, over stop and restart too', async () => {
    const serve =
      'while ($c = $s->accept) { while (<$c>) { last if /^\\r?$/ } print $c "HTTP/1.1 200 OK\\r\\ncontent-length: 5\\r\\n\\r\\ninner"; close $c }'
    await server.ok(
      'ssh',
      id,
      '--',
      `nohup perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 8081, Listen => 9, ReuseAddr => 1); ${serve}' >/dev/null 2>&1 &`,
    )
    const url = new URL((await server.ok('expose', id, '8081', '--public', '-q')).trim())
    const ask = () =>
      new Promise<string>((resolve, reject) => {
        const { port } = new URL(server.endpoint)
        const asked = request({ host: '127.0.0.1', port, headers: { host: url.host }, agent: false }, async (answer) => {
          resolve(`${answer.statusCode} ${(await answer.toArray()).join('')}`)
        })
        asked.on('error', reject).end()
      })
    await until('the web server to answer', async () => (await ask()) === '200 inner', 20_000)
    assert.match(await server.ok('expose', 'scan', id), /debian +8081 +HTTP\n/)
    const forward = spawn(join(root, 'node_modules/.bin/ramet'), ['port-forward', id, '0:8081', '-q'], {
      env: { ...process.env, RAMET_HOME: server.home },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      const [address] = await once(forward.stdout, 'data')
      const here = await fetch(`http://${String(address).trim()}/`)
      assert.equal(await here.text(), 'inner')
    } finally {
      forward.kill()
    }
    await server.ok('playground', 'stop', id, '-q')
    assert.match(await ask(), /^503 .*action_refused/)
    await server.ok('playground', 'restart', id, '-q')
    await until('the same web server to answer', async () => (await ask()) === '200 inner', 20_000)
  })
})

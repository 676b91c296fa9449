import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { checksPass, checksPassInLiveClone, checksSeeStoppedServices } from './catalogue-life.ts'
import { tellMachine } from './harness/in-machine.ts'
import { leftovers } from './harness/leftovers.ts'
import { finish, until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** Two of the catalogue's playgrounds, one boot each, in order; catalogue.proof lives through all of them. */
describe('the catalogue', { concurrency: false }, () => {
  const server = new TestServer()
  let installation = ''
  let outside = ''
  let id = ''
  const outsideAddress = '198.51.100.2'

  const inGuest = (machine: string, command: string) => tellMachine(server, id, machine, command)
  const ok = async (machine: string, command: string): Promise<string> => {
    const { code, stdout, stderr } = await inGuest(machine, command)
    assert.equal(code, 0, `${machine}: ${command}: ${stderr}${stdout}`)
    return stdout.trim()
  }
  /** `start` ends with 0 only when all init tasks have completed. */
  async function start(playground: string): Promise<void> {
    const { code, stdout, stderr } = await server.ramet(['playground', 'start', playground, '-q'], { timeoutMs: 1_200_000 })
    id = stdout.trim()
    assert.equal(code, 0, stderr + server.output.slice(-3000))
  }
  async function destroy(): Promise<void> {
    await server.ok('playground', 'destroy', id, '-q')
    assert.deepEqual(await leftovers(installation, server.home), [])
  }
  const ip = async (...argv: string[]) => {
    const { code, stderr } = await finish(['ip', ...argv])
    assert.equal(code, 0, `ip ${argv.join(' ')}: ${stderr}`)
  }

  before(async () => {
    await server.start()
    installation = (await (await server.client()).health()).installation
    // A host beyond this one, where the way out of a run leads.
    outside = `rmt${installation}pg`
    await ip('netns', 'add', outside)
    await ip('link', 'add', `${outside}0`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', outside)
    await ip('addr', 'add', '198.51.100.1/30', 'dev', `${outside}0`)
    await ip('link', 'set', `${outside}0`, 'up')
    await ip('-n', outside, 'addr', 'add', `${outsideAddress}/30`, 'dev', 'eth0')
    await ip('-n', outside, 'link', 'set', 'eth0', 'up')
    await ip('-n', outside, 'route', 'add', 'default', 'via', '198.51.100.1')
  })
  after(async () => {
    await finish(['ip', 'link', 'delete', `${outside}0`])
    await finish(['ip', 'netns', 'delete', outside])
    await server.dispose()
  })

  test('duo comes up with its init tasks completed', () => start('duo'))

  test('duo: web and db reach each other by name; web has a way out, db has none', async () => {
    for (const [from, to] of [
      ['web', 'db'],
      ['web', 'db.back'],
      ['db', 'web'],
      ['db', 'web.back'],
    ] as const)
      await ok(from, `ping -c 1 -W 5 ${to}`)
    await ok('web', `ping -c 1 -W 5 ${outsideAddress}`)
    assert.notEqual((await inGuest('db', `ping -c 1 -W 3 ${outsideAddress}`)).code, 0)
    // Also when it tries the gateway's address all the same.
    await ok('db', 'ip route add default via 10.20.0.1')
    assert.notEqual((await inGuest('db', `ping -c 1 -W 3 ${outsideAddress}`)).code, 0)
  })

  test('duo: db keeps its data on a drive of its own; a container on web resolves db', async () => {
    assert.match(
      await ok('db', "findmnt -no SOURCE /data && sqlite3 /data/notes.db 'select note from notes'"),
      /vdb\n.*first note/,
    )
    await ok(
      'web',
      'mkdir -p r/bin && cp /bin/busybox r/bin/ && for name in nslookup sh sleep; do ln -sf busybox r/bin/$name; done && tar -C r -c . | docker import - tiny >/dev/null',
    )
    assert.match(await ok('web', 'docker run --rm tiny /bin/nslookup db'), /10\.20\.0\.20/)
    await checksPass(server, 'duo', id, 'after a cold start')
    await checksSeeStoppedServices(server, 'duo', id)
  })

  test('duo: a container goes on over stop and restart of its run; it is not started again', async () => {
    await ok('web', 'docker run -d --name stays tiny /bin/sh -c "while :; do echo tick; /bin/sleep 1; done"')
    const look = () =>
      ok('web', "docker inspect -f '{{.State.Status}} {{.State.StartedAt}} {{.State.Pid}} {{.RestartCount}}' stays")
    const ticks = async () => Number(await ok('web', 'docker logs stays | wc -l'))
    const before = await look()
    assert.match(before, /^running /)
    await server.ok('playground', 'stop', id)
    await server.ok('playground', 'restart', id)
    assert.equal((await (await server.client()).plays.get(id)).startKind, 'resumed')
    assert.equal(await look(), before)
    const seen = await ticks()
    await until('the container to go on', async () => (await ticks()) > seen, 30_000)
    assert.equal(await ok('web', 'docker exec stays /bin/sh -c "echo inside"'), 'inside')
    await checksPass(server, 'duo', id, 'after stop and restart')
    await checksPassInLiveClone(server, 'duo', id)
    await destroy()
  })

  test('router: the way from one private network to the other leads over it, and ends where it stops to forward', async () => {
    await start('router')
    // By echo requests: of what UDP probes are answered with, Linux sends few a second (icmp(7), icmp_ratelimit), and an init task has just asked for some.
    assert.match(await ok('alice', 'traceroute -I -n -q 1 -m 4 -w 5 bob'), /^ 1 {2}10\.1\.0\.254 .*\n 2 {2}10\.2\.0\.10 /m)
    await ok('bob', 'ping -c 1 -W 5 alice')
    await checksSeeStoppedServices(server, 'router', id)
    await server.ok('playground', 'stop', id, '-q')
    await server.ok('playground', 'restart', id, '-q')
    await checksPass(server, 'router', id, 'after stop and restart')
    await checksPassInLiveClone(server, 'router', id)
    await destroy()
  })
})

import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { inMachine } from './harness/in-machine.ts'
import { leftovers, vmProcesses } from './harness/leftovers.ts'
import { finish, until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'
import { orderlyCycles, powerCutCycles } from './power-cycles.ts'

export interface MainJob {
  readonly title: string
  /** What the server is started with besides; called once, before all. */
  environment?(): Promise<Record<string, string>>
  /** Of power cycles of each kind. */
  readonly cycles: number
}

/** One real VM through its whole life, as a new user would lead it. The tests build on each other, in order. */
export function mainJob({ title, environment, cycles }: MainJob): void {
  describe(title, { concurrency: false }, () => {
    let server: TestServer
    let id = ''
    let installation = ''
    const ssh = (...command: string[]) => server.ramet(['ssh', id, '--', ...command])
    const inGuest = (command: string) => inMachine(server, id, 'debian', command)

    before(async () => {
      server = new TestServer({ env: (await environment?.()) ?? {} })
      await server.start()
      installation = (await (await server.client()).health()).installation
    })
    after(() => server.dispose())

    test('start waits until a command ran and prints 24 hex digits and nothing else', async () => {
      const { code, stdout, stderr } = await server.ramet(['playground', 'start', 'debian', '-q'], { timeoutMs: 900_000 })
      assert.equal(code, 0, stderr + server.output.slice(-3000))
      assert.match(stdout, /^[0-9a-f]{24}\n$/)
      id = stdout.trim()
    })

    test('ssh gives back the exit status of the command', async () => {
      assert.equal((await ssh('exit 7')).code, 7)
    })

    test('ssh carries binary input and output through pipes, to their ends', async () => {
      const bytes = new Uint8Array(300_000).map((_, index) => (index * 7919) % 256)
      const sent = await server.ramet(['ssh', id, '--', 'sha256sum'], { stdin: bytes })
      const { createHash } = await import('node:crypto')
      assert.equal(sent.stdout.split(' ')[0], createHash('sha256').update(bytes).digest('hex'))
      assert.equal((await server.ramet(['ssh', id, '--', 'cat'], { stdin: 'hi\n' })).stdout, 'hi\n')
    })

    test('standard error stays apart from standard output', async () => {
      const { stdout, stderr } = await ssh('echo out; echo err >&2')
      assert.equal(stdout, 'out\n')
      assert.match(stderr, /err/)
    })

    test('the guest is a whole Debian with a name, addresses and the tools that the image promises', async () => {
      assert.equal(await inGuest('hostname'), 'debian')
      assert.equal(await inGuest('getent hosts debian >/dev/null && echo resolves'), 'resolves')
      assert.match(await inGuest('ip -4 -o addr show eth0'), /172\.16\.0\.\d+\/24/)
      assert.equal(await inGuest('cat /proc/1/comm'), 'systemd')
      const tools = 'bash perl ping ip curl sqlite3 sfdisk gdisk traceroute tcpdump ssh'
      assert.equal(await inGuest(`for t in ${tools}; do command -v $t >/dev/null || echo $t; done`), '', 'tools are missing')
      assert.match(await inGuest('ls /lib/modules/$(uname -r)/kernel | head -1'), /\w/)
    })

    test('the root drive has the size that the manifest says', async () => {
      const kilobytes = Number(await inGuest('df -k --output=size / | tail -1'))
      assert.ok(kilobytes > 18 * 1024 ** 2, `${kilobytes} KiB`)
    })

    test('QEMU runs unprivileged, in its sandbox, in a session of its own', async () => {
      const [pid] = await vmProcesses(server.home, id)
      const { stdout: status } = await finish(['cat', `/proc/${pid}/status`])
      assert.doesNotMatch(status, /^Uid:\s+0\s/m)
      assert.match(status, /^Seccomp:\s+2$/m)
      const { stdout: session } = await finish(['ps', '-o', 'sid=', '-p', String(pid)])
      assert.equal(Number(session), pid)
    })

    test('files and a database written without syncing are whole after an orderly stop and restart', async () => {
      await orderlyCycles(server, id, cycles)
    })

    test('after kill -9 of QEMU the run says so, what was synced is there and the disk is clean', async () => {
      await powerCutCycles(server, id, cycles)
    })

    test('a reboot from inside keeps the run and its files, and the serial log gets a new section', async () => {
      const boot = await inGuest('cat /proc/sys/kernel/random/boot_id')
      // A machine is Ready before its systemd takes orders.
      await ssh('echo kept > /root/kept; sync; until systemctl reboot --no-block; do sleep 0.2; done')
      await until(
        'another boot',
        async () => {
          const { code, stdout } = await ssh('cat /proc/sys/kernel/random/boot_id')
          return code === 0 && stdout.trim() !== boot
        },
        180_000,
        1000,
      )
      assert.equal(await inGuest('cat /root/kept'), 'kept')
      const client = await server.client()
      assert.ok((await client.plays.consoles(id, 'debian')).length >= 2)
      const log = await server.ok('playground', 'machine', 'console', id, 'debian')
      assert.ok((log.match(/^ramet: boot /gm) ?? []).length >= 2)
    })

    test('control characters that a machine writes to its serial line are shown, and come as they are when asked for', async () => {
      await inGuest("printf '\\033]0;owned\\007 done-%s\\n' here >/dev/console")
      const log = await until('the line in the log', async () => {
        const text = await server.ok('playground', 'machine', 'console', id, 'debian')
        return text.includes('done-here') && text
      })
      assert.ok(log.includes('^[]0;owned^G done-here'))
      assert.ok(!log.includes('\x1b'))
      assert.ok((await server.ok('playground', 'machine', 'console', id, 'debian', '--raw')).includes('\x1b]0;owned\x07'))
    })

    test('kill -9 of the server leaves the VM running; the next server takes it over', async () => {
      const boot = await inGuest('cat /proc/sys/kernel/random/boot_id')
      const [pid] = await vmProcesses(server.home, id)
      await server.restart()
      assert.equal((await (await server.client()).plays.get(id)).state, 'RUNNING')
      assert.deepEqual(await vmProcesses(server.home, id), [pid])
      assert.equal(await inGuest('cat /proc/sys/kernel/random/boot_id'), boot)
    })

    test('power-off from inside stops the run', async () => {
      await ssh('until systemctl poweroff --no-block; do sleep 0.2; done')
      const client = await server.client()
      await until('the run to be STOPPED', async () => (await client.plays.get(id)).state === 'STOPPED', 120_000, 500)
      assert.deepEqual(await vmProcesses(server.home, id), [])
    })

    test('power-off from inside while no server is there is no crash either', async () => {
      await server.ok('playground', 'restart', id, '-q')
      // A machine is Ready before its systemd takes orders: until then `systemd-run` fails, and nothing would power off.
      await until(
        'systemd to take the order',
        async () => (await ssh("systemd-run sh -c 'sleep 2; systemctl poweroff'")).code === 0,
        60_000,
      )
      await server.kill()
      const folder = `${server.home}/runs/${id}/machines/0`
      const [newest] = (await readdir(folder))
        .filter((name) => /^console-\d+\.log$/.test(name))
        .toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))
      await until(
        'the guest to be off',
        async () => (await readFile(`${folder}/${newest}`, 'utf8')).includes('reboot: Power down'),
        120_000,
      )
      await server.start()
      const client = await server.client()
      const play = await until('the run to come to rest', async () => {
        const now = await client.plays.get(id)
        return (now.state === 'STOPPED' || now.state === 'FAILED') && now
      })
      assert.equal(play.state, 'STOPPED', play.failure?.message)
    })

    test('title and list show the run; destroy leaves nothing of it on the host', async () => {
      await server.ok('playground', 'title', id, 'My first run')
      const listed = JSON.parse(await server.ok('playground', 'list', '-a', '-o', 'json')) as {
        id: string
        title: string
        state: string
      }[]
      assert.deepEqual(
        listed.map((play) => [play.id, play.title, play.state]),
        [[id, 'My first run', 'STOPPED']],
      )
      await server.ok('playground', 'restart', id, '-q')
      await server.ok('playground', 'destroy', id, '-q')
      assert.deepEqual(await leftovers(installation, server.home), [])
      const fsck = await server.ramet(['fsck'])
      assert.equal(fsck.code, 0, fsck.stdout + fsck.stderr)
    })
  })
}

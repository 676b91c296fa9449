import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { buffer, text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { makeTestSpec, startTestVm } from '../../testing/test-vm.ts'
import { wakeConformance } from '../../testing/wake-conformance.ts'
import type { GuestLink } from '../guest.ts'
import { realGuests } from '../guests.ts'
import { ChannelLink } from '../link/channel-link.ts'
import { encodeWakeFrame, wakeTypes } from './wake-frames.ts'

// One real VM for all of them.
const timeoutMs = 120_000
const guests = realGuests()
const spec = await makeTestSpec()
const vm = await startTestVm(spec)
after(async () => {
  await vm.kill()
  vm.release()
  await rm(spec.folder, { recursive: true })
})

wakeConformance(async () => ({ guests, vm, timeoutMs }))

test('a wake is understood after half a message of somebody who is gone', async () => {
  const whole = encodeWakeFrame(wakeTypes.wake, Buffer.alloc(900))
  for (const half of [whole.subarray(0, 3), whole.subarray(0, 50), whole.subarray(0, 899), Buffer.alloc(40_000, 'rametwk')]) {
    const socket = await vm.ports.wake()
    socket.write(half, () => socket.end())
    await once(socket, 'close')
    await guests.wake(vm, { epoch: randomUUID() })
  }
})

// The way in, in the same VM.
const soon = () => AbortSignal.timeout(timeoutMs)
async function withLink(use: (link: GuestLink) => Promise<void>): Promise<void> {
  const link = guests.link(vm)
  try {
    await link.ready(soon())
    await use(link)
  } finally {
    link.close()
  }
}

test('a command of over 9,000 bytes runs, and so does one of all that the API takes, beside another one', () =>
  withLink(async (link) => {
    const other = await link.exec('read line; echo "$line"')
    for (const length of [9_500, 131_072, 390_000]) {
      const { code, stdout } = await link.run(`echo begun\n# ${'x'.repeat(length - 40)}\necho done $#; exit 3`)
      assert.deepEqual([code, stdout], [3, 'begun\ndone 0\n'], `${length} bytes`)
    }
    other.stdin.end('still here\n')
    assert.equal(await text(other.stdout), 'still here\n')
  }))

test('tens of megabytes arrive whole, on both streams at once', () =>
  withLink(async (link) => {
    const command = await link.exec('head -c 2400000 /dev/zero >&2 & head -c 30000000 /dev/urandom; wait; exit 9')
    const [out, err, exit] = await Promise.all([buffer(command.stdout), buffer(command.stderr), command.exit])
    assert.deepEqual([out.length, err.length, exit], [30_000_000, 2_400_000, { code: 9 }])
  }))

test('a command sees what /etc/environment says, and erase takes a whole character of UTF-8', () =>
  withLink(async (link) => {
    const file = String.raw`# all sessions\nexport GREETING="good day" \nPLAIN=a#b\nHOME=/nowhere\n1BAD=x\n`
    await link.run(`cp /etc/environment /tmp/kept 2>/dev/null; printf '${file}' >>/etc/environment`)
    const seen = await link.run('echo "$GREETING,$PLAIN,$HOME"')
    await link.run('cp /tmp/kept /etc/environment')
    assert.equal(seen.stdout, 'good day,a,/root\n')
    const command = await link.exec('cat | od -An -tx1', { pty: { term: 'xterm', cols: 80, rows: 24 } })
    command.stdin.write('aé\x7fb\n\x04')
    assert.match(await text(command.stdout), /61 62 0a/)
  }))

test('when the guest’s root kills every process, or each of the platform’s, the way in is back by itself, with terminals and waking', () =>
  withLink(async (link) => {
    for (const all of ['kill -9 -1', 'kill -TERM -1']) {
      const killer = await link.exec(`sleep 0.3; ${all}`)
      await assert.rejects(killer.exit, { code: 'machine_unreachable' })
      const began = performance.now()
      let alive = ''
      while (alive !== 'alive\n') {
        await link.ready(soon())
        alive = (await link.run('echo alive', { timeoutMs: 10_000 }).catch(() => ({ stdout: '' }))).stdout
      }
      assert.ok(performance.now() - began < 20_000, `${all}: ${Math.round(performance.now() - began)} ms`)
    }
    const terminal = await link.terminal('after', { user: 'root', cols: 80, rows: 24 })
    terminal.input.write('echo $((6*7)).; exit\n')
    assert.match(await text(terminal.output), /42\./)
    await guests.wake(vm, { epoch: randomUUID() })
    // One after the other, as they are when each helper alone is killed.
    for (const helper of ['agent', 'wake', 'keeper', 'watch']) {
      await link
        .run(`for at in /proc/[0-9]*; do [ "$(readlink $at/exe)" != /run/ramet/${helper} ] || kill -9 \${at#/proc/}; done`)
        .catch(() => {})
      await link.ready(soon())
      const deadline = Date.now() + 20_000
      const count = `n=0; for at in /proc/[0-9]*; do [ "$(readlink $at/exe)" != /run/ramet/${helper} ] || n=$((n+1)); done; echo $n`
      while (Number((await link.run(count).catch(() => ({ stdout: '0' }))).stdout) === 0)
        if (Date.now() > deadline) assert.fail(`${helper} does not come back`)
    }
  }))

const quick = {
  ...{ everyMs: 1000, answerMs: 5000, missed: 2, giveUpMs: 60_000 },
  ability: { everyMs: 500, againMs: 300, answerMs: 10_000, missed: 2 },
}

test('a guest that can start no process says so while that lasts, and is ready again afterwards', async () => {
  const link = new ChannelLink(vm, {}, quick)
  try {
    await link.ready(soon())
    const changes: (string | undefined)[] = []
    link.onChange((isReady, why) => changes.push(isReady ? undefined : why))
    // A bomb of forks within a small number of threads, so that it is full in a moment.
    const bomb = await link.exec(
      `threads=$(ls -d /proc/[0-9]*/task/* | wc -l); was=$(cat /proc/sys/kernel/threads-max); echo $((threads + 40)) > /proc/sys/kernel/threads-max
perl -e 'my $end = time + 15; while (time < $end) { my $p = fork; select(undef, undef, undef, 0.01) unless defined $p; if (defined $p && !$p) { sleep 1 while time < $end; exit } } while (wait > 0) {}'
echo $was > /proc/sys/kernel/threads-max`,
    )
    assert.equal((await bomb.exit).code, 0)
    await link.ready(soon())
    assert.match(changes[0] ?? '', /^it can start no command: the machine has no room for a process/)
    assert.equal(changes.at(-1), undefined)
  } finally {
    link.close()
  }
})

test('when the guest’s root stops every process, the way in is back within seconds, with terminals and waking', async () => {
  const link = new ChannelLink(vm, {}, quick)
  try {
    await link.ready(soon())
    const alive = async (what: string) => {
      const began = performance.now()
      for (let answer = ''; answer !== 'alive\n'; ) {
        await link.ready(soon())
        answer = (await link.run('echo alive', { timeoutMs: 10_000 }).catch(() => ({ stdout: '' }))).stdout
      }
      assert.ok(performance.now() - began < 30_000, `${what}: ${Math.round(performance.now() - began)} ms`)
    }
    for (const all of ['STOP', 'STOP', 'TSTP']) {
      await link.exec(`sleep 0.3; kill -${all} -1`)
      await new Promise((resolve) => setTimeout(resolve, 2000))
      await alive(`kill -${all} -1`)
    }
    const terminal = await link.terminal('after-stop', { user: 'root', cols: 80, rows: 24 })
    terminal.input.write('echo $((6*7)).; exit\n')
    assert.match(await text(terminal.output), /42\./)
    await guests.wake(vm, { epoch: randomUUID() })
  } finally {
    link.close()
  }
})

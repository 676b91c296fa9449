import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { GuestProcess } from '@ramet/engine'
import { type Arrival, openForwarder } from './forwarder.ts'
import { listenAddress } from './remote-forwards.ts'

const handle = '0123456789abcdef'.repeat(2)

/** A guest of the test's own making: the forwarding program prints what `say` gives it, and commands are noted. */
function guest() {
  const commands: string[] = []
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const { promise: exit, resolve: end } = Promise.withResolvers<{ code: number }>()
  const close = () => {
    for (const stream of [stdin, stdout, stderr]) stream.end()
    end({ code: 129 })
  }
  const process: GuestProcess = { stdin, stdout, stderr, exit, close, resize() {}, signal() {} }
  const exec = async (command: string) => {
    commands.push(command)
    return process
  }
  return {
    commands,
    exec,
    say: (text: string) => stdout.write(text),
    complain: (text: string) => stderr.write(text),
    stdin,
    close,
  }
}

test('connections that arrive are told by number, taken by the handle, and dropped when nobody wants them', async () => {
  const { commands, exec, say, stdin } = guest()
  const arrivals: Arrival[] = []
  say(`ready ${handle} 90`)
  const opening = openForwarder(exec, 'listen 127.0.0.1 9090', (arrival) => arrivals.push(arrival))
  say('90\nopen 1 10.0.0.1 4711\nopen 2 ::1 4712\n')
  assert.equal((await opening).where, '9090')
  assert.deepEqual(
    arrivals.map(({ address, port }) => [address, port]),
    [
      ['10.0.0.1', 4711],
      ['::1', 4712],
    ],
  )
  arrivals[1]?.drop()
  assert.deepEqual(stdin.read(), Buffer.from([0, 0, 0, 2]))
  await arrivals[0]?.take()
  assert.deepEqual(commands, ['exec /run/ramet/forward listen 127.0.0.1 9090', `exec /run/ramet/forward take ${handle} 1`])
})

for (const [what, said] of Object.entries({
  'a handle that is none': 'ready $(reboot) 9090\n',
  'a connection before it is ready': 'open 1 10.0.0.1 4711\n',
  'a line without end': 'x'.repeat(1000),
  'nothing at all': '',
}))
  test(`a guest that says ${what} is believed nothing`, async () => {
    const { exec, say, complain, close, commands } = guest()
    complain('ramet: cannot listen: Address in use')
    const opening = openForwarder(exec, 'listen 127.0.0.1 9090', () => assert.fail('nothing arrived'))
    say(said)
    if (said === '') setImmediate(close)
    await assert.rejects(opening, /cannot listen/)
    assert.equal(commands.length, 1)
  })

test('a client’s address is taken as sshd takes it, and nothing but an address', () => {
  assert.deepEqual(['', '*', 'localhost', '10.0.0.2', '::', 'db', '1; reboot', '-h'].map(listenAddress), [
    ...['0.0.0.0', '0.0.0.0', '127.0.0.1', '10.0.0.2', '::'],
    ...[undefined, undefined, undefined],
  ])
})

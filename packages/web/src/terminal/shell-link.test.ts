import assert from 'node:assert/strict'
import test from 'node:test'
import { RametError } from '@ramet/model/errors/error.ts'
import { backoffMs } from './backoff.ts'
import { type LinkState, type Screen, ShellLink, type ShellStream } from './shell-link.ts'

const lost = new RametError('connection_lost', 503, 'gone')
const bytes = (text: string) => new TextEncoder().encode(text)

/** A stream that the test drives. */
function streamStub() {
  const ready = Promise.withResolvers<{ resumed: boolean }>()
  const exit = Promise.withResolvers<{ code: number }>()
  ready.promise.catch(() => {})
  exit.promise.catch(() => {})
  const written: string[] = []
  let consume: (channel: string, bytes: Uint8Array) => Promise<void> = async () => {}
  const stream: ShellStream = {
    ready: ready.promise,
    exit: exit.promise,
    onOutput: (consumer) => {
      consume = consumer
    },
    write: async (text) => void written.push(String(text)),
    resize: () => {},
    close: () => fail(lost),
  }
  const fail = (error: unknown) => {
    ready.reject(error)
    exit.reject(error)
  }
  return {
    stream,
    written,
    print: (text: string) => consume('stdout', bytes(text)),
    attach: ready.resolve,
    end: exit.resolve,
    fail,
  }
}

/** A link, its screen as a list of what happened to it, and the streams it opened. */
function linkStub() {
  const streams: ReturnType<typeof streamStub>[] = []
  const happened: string[] = []
  const states: LinkState['kind'][] = []
  const waits: number[] = []
  const screen: Screen = {
    size: () => ({ cols: 80, rows: 24 }),
    write: async (text) => void happened.push(new TextDecoder().decode(text)),
    attached: async (again, resumed) => {
      await Promise.resolve()
      happened.push(again && resumed ? 'cleared' : 'attached')
    },
    ended: (code) => happened.push(`ended ${code}`),
  }
  const clock = { ms: 0 }
  const link = new ShellLink({
    open: () => {
      const made = streamStub()
      streams.push(made)
      return made.stream
    },
    screen,
    onState: ({ kind }) => states.push(kind),
    wait: async (ms) => void waits.push(ms),
    now: () => clock.ms,
  })
  return { link, streams, happened, states, waits, clock }
}

const until = async (holds: () => boolean) => {
  for (let turn = 0; turn < 1000 && !holds(); turn++) await new Promise(setImmediate)
  assert.ok(holds(), 'it never came to hold')
}

test('after a lost connection the screen is cleared before the scrollback is shown again', async () => {
  const { link, streams, happened, states } = linkStub()
  streams[0]!.attach({ resumed: false })
  await streams[0]!.print('hello')
  streams[0]!.fail(lost)
  await until(() => streams.length === 2)
  // Ready and scrollback arrive in one breath.
  streams[1]!.attach({ resumed: true })
  await streams[1]!.print('hello')
  assert.deepEqual(happened, ['attached', 'hello', 'cleared', 'hello'])
  assert.deepEqual(states, ['connecting', 'live', 'lost', 'live'])
  link.close()
})

test('Enter opens a new shell after the end, other keys do not', async () => {
  const { link, streams, happened, states } = linkStub()
  streams[0]!.attach({ resumed: false })
  streams[0]!.end({ code: 3 })
  await until(() => states.at(-1) === 'ended')
  link.input('x')
  await new Promise(setImmediate)
  assert.equal(streams.length, 1)
  link.input('\r')
  await until(() => streams.length === 2)
  assert.deepEqual(happened, ['attached', 'ended 3'])
  link.close()
})

test('a refusal is not tried again until somebody asks', async () => {
  const { link, streams, states, waits } = linkStub()
  streams[0]!.fail(new RametError('not_found', 404, 'no such run'))
  await until(() => states.at(-1) === 'refused')
  assert.deepEqual(waits, [])
  link.retry()
  await until(() => streams.length === 2)
  link.close()
})

test('connections that break at once back off, one that stood begins anew', async () => {
  const { link, streams, waits, clock } = linkStub()
  for (let round = 0; round < 4; round++) {
    await until(() => streams.length === round + 1)
    streams[round]!.attach({ resumed: true })
    await streams[round]!.print('')
    clock.ms += round === 3 ? 60_000 : 10
    streams[round]!.fail(lost)
  }
  await until(() => waits.length === 4)
  assert.ok(waits[2]! > waits[0]! && waits[3]! < waits[2]!, String(waits))
  link.close()
})

test('what is typed before the shell is attached reaches it first, in order; what xterm answers by itself does not', async () => {
  const { link, streams, states } = linkStub()
  link.input('ear')
  link.input('\x1b[2;5R')
  link.input('ly\r')
  streams[0]!.attach({ resumed: true })
  await until(() => states.at(-1) === 'live')
  link.input('ls')
  assert.deepEqual(streams[0]!.written, ['early\r', 'ls'])
  link.close()
})

test('what is typed while the connection is lost reaches the same shell, and no other', async () => {
  for (const resumed of [true, false]) {
    const { link, streams, states } = linkStub()
    streams[0]!.attach({ resumed: false })
    await until(() => states.at(-1) === 'live')
    streams[0]!.fail(lost)
    await until(() => streams.length === 2)
    link.input('make\r')
    streams[1]!.attach({ resumed })
    await until(() => states.at(-1) === 'live')
    link.input('ls')
    assert.deepEqual(streams[1]!.written, resumed ? ['make\r', 'ls'] : ['ls'])
    link.close()
  }
})

test('a text too long to be kept is dropped as a whole, as is what was typed before a refusal', async () => {
  const { link, streams, states } = linkStub()
  link.input('x'.repeat(4000))
  link.input('y'.repeat(4000))
  link.input('z')
  streams[0]!.attach({ resumed: true })
  await until(() => states.at(-1) === 'live')
  streams[0]!.fail(lost)
  await until(() => streams.length === 2)
  link.input('rm -r lab\r')
  streams[1]!.fail(new RametError('not_found', 404, 'no such run'))
  await until(() => states.at(-1) === 'refused')
  link.retry()
  await until(() => streams.length === 3)
  streams[2]!.attach({ resumed: true })
  await until(() => states.at(-1) === 'live')
  link.input('ls')
  assert.deepEqual(
    streams.map(({ written }) => written),
    [[], [], ['ls']],
  )
  link.close()
})

test('closing ends it for good', async () => {
  const { link, streams } = linkStub()
  streams[0]!.attach({ resumed: false })
  link.close()
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  assert.equal(streams.length, 1)
})

test('the wait doubles up to five seconds, give or take a quarter', () => {
  assert.deepEqual(
    [1, 2, 5, 9].map((failures) => backoffMs(failures, 0.5)),
    [250, 500, 4000, 5000],
  )
  assert.deepEqual(
    [0, 1].map((random) => backoffMs(9, random)),
    [3750, 6250],
  )
})

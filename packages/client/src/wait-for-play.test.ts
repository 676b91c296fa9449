import assert from 'node:assert/strict'
import test from 'node:test'
import type { Event } from '@ramet/model/api/events.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { waitForPlay } from './wait-for-play.ts'

const play = (state: string) => ({ id: 'a', state }) as Play
const isRunning = ({ state }: Play) => state === 'RUNNING'

/** A client whose poll and events say what the test lets them say. */
function clientOf(get: () => Promise<Play>, events: () => AsyncGenerator<Event>) {
  return { events, plays: { get } } as unknown as Parameters<typeof waitForPlay>[0]
}
async function* noEvents(): AsyncGenerator<Event> {}

test('news by events end the wait, other runs’ do not', { timeout: 5000 }, async () => {
  async function* events(): AsyncGenerator<Event> {
    yield { kind: 'play', play: { ...play('RUNNING'), id: 'b' } }
    yield { kind: 'play', play: play('RUNNING') }
  }
  const states: string[] = []
  const client = clientOf(async () => play('STARTING'), events)
  const reached = await waitForPlay(client, 'a', isRunning, { onPlay: ({ state }) => states.push(state), pollMs: 60_000 })
  assert.equal(reached.state, 'RUNNING')
  assert.equal(states.at(-1), 'RUNNING')
})

test('without events the poll is enough', { timeout: 5000 }, async () => {
  let asked = 0
  const client = clientOf(async () => play(++asked < 3 ? 'STARTING' : 'RUNNING'), noEvents)
  assert.equal((await waitForPlay(client, 'a', isRunning, { pollMs: 5 })).state, 'RUNNING')
})

test('a server that is away for a while is waited for, one that says no is not', { timeout: 5000 }, async () => {
  let asked = 0
  const away = clientOf(async () => {
    if (++asked < 3) throw new RametError('server_unreachable', 503, 'away')
    return play('RUNNING')
  }, noEvents)
  await waitForPlay(away, 'a', isRunning, { pollMs: 5 })
  asked = 0
  await assert.rejects(waitForPlay(away, 'a', isRunning, { pollMs: 5, patienceMs: 0 }), { code: 'server_unreachable' })
  const gone = clientOf(async () => Promise.reject(new RametError('not_found', 404, 'gone')), noEvents)
  await assert.rejects(waitForPlay(gone, 'a', isRunning), { code: 'not_found' })
})

test('the signal ends the wait', { timeout: 5000 }, async () => {
  const client = clientOf(async () => play('STARTING'), noEvents)
  await assert.rejects(waitForPlay(client, 'a', isRunning, { signal: AbortSignal.timeout(20), pollMs: 5 }), {
    name: 'TimeoutError',
  })
})

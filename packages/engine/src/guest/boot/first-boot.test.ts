import assert from 'node:assert/strict'
import { once } from 'node:events'
import { duplexPair } from 'node:stream'
import { describe, test } from 'node:test'
import { answerFirstBoot, type FirstBootRecord } from './first-boot.ts'

const boot = '11111111-1111-4111-8111-111111111111'
const other = '22222222-2222-4222-8222-222222222222'

/** A guest on one end of a port, and what the host has recorded. */
function machine(state: 'due' | 'begun' | 'done' = 'due') {
  const saved: string[] = []
  const record: FirstBootRecord = {
    read: async () => state,
    async save(next) {
      state = next
      saved.push(next)
    },
  }
  const connect = () => {
    const [guest, host] = duplexPair()
    const ended = answerFirstBoot(async () => host, record, AbortSignal.timeout(5000))
    const ask = async (line: string) => {
      guest.write(`${line}\n`)
      const [bytes] = (await once(guest, 'data')) as [Buffer]
      return bytes.toString().trim()
    }
    return { guest, ended, ask }
  }
  return { saved, connect, ...connect() }
}

describe('the first boot of a lineage', () => {
  test('is allowed to one boot, recorded before it is allowed, and over when the guest says so', async () => {
    const { ask, connect, saved } = machine()
    assert.equal(await ask(`may-begin ${boot}`), `yes ${boot}`)
    assert.deepEqual(saved, ['begun'])
    assert.equal(await ask(`may-begin ${boot}`), `yes ${boot}`, 'a question that is repeated')
    assert.equal(await ask(`done ${boot}`), `noted ${boot}`)
    assert.deepEqual(saved, ['begun', 'done'])
    assert.equal(await connect().ask(`may-begin ${other}`), `no ${other}`)
  })

  test('is no other boot’s, also with a later server, which knows only that nobody reported its end', async () => {
    const { ask, connect } = machine()
    await ask(`may-begin ${boot}`)
    const later = connect()
    assert.equal(await later.ask(`may-begin ${other}`), `again ${other}`)
    assert.equal(await later.ask(`done ${other}`), `noted ${other}`)
  })

  test('is refused to every boot of a clone of a machine that had it', async () => {
    const { ask, saved } = machine('done')
    assert.equal(await ask(`may-begin ${boot}`), `no ${boot}`)
    assert.deepEqual(saved, [])
  })

  test('a guest that sends what is no question gets no answer, and its next question one', async () => {
    const { ask, guest, ended, saved } = machine()
    guest.write(`may-begin\nmay-begin ../../x\n${'x'.repeat(100_000)}\n`)
    assert.equal(await ask(`may-begin ${boot}`), `yes ${boot}`)
    assert.deepEqual(saved, ['begun'])
    guest.end()
    await ended
  })
})

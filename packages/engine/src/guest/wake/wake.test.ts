import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { unixPort } from '../../vmm/unix-port.ts'
import { wake } from './wake.ts'
import { encodeWakeFrame, type WakeFrame, WakeFrameReader, wakeTypes } from './wake-frames.ts'

const folder = await mkdtemp(join(tmpdir(), 'wake-'))
after(() => rm(folder, { recursive: true }))
const epoch = '6f1f4c1e-0d0a-4a56-9e6c-2f4f6a0a0b11'

let count = 0
/** A guest that does with each message what `obey` does. */
async function guest(
  obey: (frame: WakeFrame, socket: Socket, number: number) => void,
  greet: (socket: Socket) => void = () => {},
) {
  count += 1
  const wakeSocket = join(folder, `${count}.sock`)
  const sockets = new Set<Socket>()
  let number = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    const reader = new WakeFrameReader()
    greet(socket)
    socket.on('data', (bytes) => {
      for (const frame of reader.read(bytes)) obey(frame, socket, number++)
    })
  })
  await new Promise<void>((resolve) => server.listen(wakeSocket, resolve))
  return {
    ports: { wake: unixPort(wakeSocket) },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const nonce = ({ payload }: WakeFrame) => payload.subarray(0, 8)
function done(nonceBytes: Uint8Array, timeMs = Date.now()): Buffer {
  const time = Buffer.alloc(8)
  time.writeBigInt64BE(BigInt(Math.round(timeMs)) * 1_000_000n)
  return encodeWakeFrame(wakeTypes.done, Buffer.concat([nonceBytes, time]))
}
const unreachable = (message: RegExp) => ({ code: 'machine_unreachable', message })

test('a guest is told entropy, time and epoch, and then corrected until its clock is right', async () => {
  const corrections: number[] = []
  const first: Buffer[] = []
  let aheadMs = 0
  await using g = await guest((frame, socket) => {
    if (frame.type === wakeTypes.wake) {
      first.push(frame.payload)
      aheadMs = -180
    } else {
      const byMs = Number(frame.payload.readBigInt64BE(8)) / 1e6
      corrections.push(byMs)
      aheadMs += byMs
    }
    socket.write(done(nonce(frame), Date.now() + aheadMs))
  })
  const { clockOffMs } = await wake(g, {
    epoch,
    onReseeded: () =>
      assert.deepEqual([first.length, corrections.length], [1, 0], 'who may enter by now need not wait for the clock'),
  })
  assert.ok(Math.abs(clockOffMs) <= 50, `${clockOffMs}`)
  assert.ok(corrections.some((byMs) => Math.abs(byMs - 180) < 50))
  const [payload = Buffer.alloc(0)] = first
  assert.ok(Math.abs(Number(payload.readBigInt64BE(72)) / 1e6 - Date.now()) < 5000)
  assert.equal(payload.toString('latin1', 80, 116), epoch)
  assert.equal(payload.length, 116)
  await wake(g, { epoch })
  assert.notDeepEqual(first[1]?.subarray(8, 72), payload.subarray(8, 72), 'entropy is sent once only')
})

test('a guest that says nothing, closes its port or is not there is given up in time', async () => {
  await using silent = await guest(() => {})
  await using closing = await guest((_, socket) => socket.destroy())
  for (const vm of [silent, closing, { ports: { wake: unixPort(join(folder, 'nowhere')) } }]) {
    const began = performance.now()
    await assert.rejects(wake(vm, { epoch, timeoutMs: 300 }), unreachable(/could not be woken within 0.3 s/))
    assert.ok(performance.now() - began < 2000)
  }
})

test('a guest that answers a first message too late is asked again', async () => {
  await using g = await guest((frame, socket, number) => number > 0 && socket.write(done(nonce(frame))))
  await wake(g, { epoch })
})

test('answers to somebody else, and halves of them, are not taken for ours', async () => {
  const stale = done(Buffer.alloc(8), 0)
  await using g = await guest(
    (frame, socket) => socket.write(Buffer.concat([stale, done(nonce(frame)), stale])),
    (socket) => socket.write(stale.subarray(11)),
  )
  await wake(g, { epoch })
})

test('a guest that floods, or claims endless answers, neither fills our memory nor holds us up', async () => {
  const flood = (bytes: Buffer) => (socket: Socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write(bytes)) {}
    }
    socket.on('drain', more)
    more()
  }
  const endless = Buffer.alloc(16)
  endless.write('rametwk')
  endless.writeUInt32BE(0xfffffff0, 12)
  for (const bytes of [Buffer.alloc(65_536), Buffer.alloc(65_536, 'rametwk'), endless]) {
    await using g = await guest(() => {}, flood(bytes))
    await assert.rejects(
      wake(g, { epoch, timeoutMs: 400 }),
      unreachable(/sends what is no answer|does not answer|port was closed/),
    )
  }
})

test('what a guest refuses is told in its own words, made harmless', async () => {
  await using g = await guest((frame, socket) => {
    const text = Buffer.from('RNDADDENTROPY: \x1b[31mno\n')
    socket.write(encodeWakeFrame(wakeTypes.failed, Buffer.concat([nonce(frame), text])))
  })
  await assert.rejects(wake(g, { epoch }), unreachable(/RNDADDENTROPY: \?\[31mno\?\.$/))
})

test('a guest of another version is told from a broken one', async () => {
  await using g = await guest((frame, socket) => {
    const answer = done(nonce(frame))
    answer.writeUInt8(9, 7)
    socket.write(reseal(answer))
  })
  await assert.rejects(wake(g, { epoch }), unreachable(/version 9 of the protocol, this server version 2/))
})

test('a guest that is slow to answer is not asked again and again for a clock that is right as far as can be known', async () => {
  let asked = 0
  await using g = await guest((frame, socket) => {
    asked += 1
    const halfWay = Date.now() + 80
    setTimeout(() => socket.write(done(nonce(frame), halfWay)), 160)
  })
  const { clockOffMs } = await wake(g, { epoch })
  assert.ok(Math.abs(clockOffMs) <= 500, `${clockOffMs}`)
  assert.ok(asked <= 4, `${asked} questions`)
})

test('a clock that does not obey is an error, whatever time it shows', async () => {
  for (const timeMs of [0, -9e12, 9e12]) {
    await using g = await guest((frame, socket) => socket.write(done(nonce(frame), timeMs)))
    await assert.rejects(wake(g, { epoch }), unreachable(/its clock stays -?\d+ ms off/))
  }
})

test('it ends when nobody wants it any more', async () => {
  await using g = await guest(() => {})
  await assert.rejects(wake(g, { epoch, signal: AbortSignal.timeout(100) }), { name: 'TimeoutError' })
  await assert.rejects(wake(g, { epoch: 'no uuid' }), { code: 'invalid_input' })
})

/** The check of a frame that was changed. */
function reseal(frame: Buffer): Buffer {
  const end = frame.length - 4
  frame.writeUInt32BE(crc32(frame.subarray(0, end)), end)
  return frame
}

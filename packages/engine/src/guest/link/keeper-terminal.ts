import { Readable, Writable } from 'node:stream'
import { guestUnreachable } from '@ramet/model/errors/errors.ts'
import type { GuestTerminal, TerminalOptions } from '../guest.ts'
import { saidReason } from '../said.ts'
import { type Channel, signalName } from './channel.ts'
import { encodeFrame, type Frame, FrameReader, frameTypes } from './keeper-frames.ts'
import { attachRequest, terminalSize } from './requests.ts'

/** Until the keeper says whether it has the session. */
const helloMs = 20_000
const largestData = 16 * 1024

/** Joins a session of the keeper over a connection to it. Throws `machine_unreachable`, also with the keeper's own reason. */
export async function openTerminal(
  connect: () => Promise<Channel>,
  session: string,
  { user, cols, rows }: TerminalOptions,
): Promise<GuestTerminal> {
  const request = encodeFrame(frameTypes.attach, attachRequest(session, user, cols, rows))
  const attach = await connect()
  attach.stdin.write(request)
  const hello = Promise.withResolvers<{ resumed: boolean }>()
  const exit = Promise.withResolvers<{ code: number; signal?: string }>()
  exit.promise.catch(() => {})
  const output = new Readable({
    read() {
      attach.stdout.resume()
    },
    destroy(error, done) {
      attach.close()
      done(error)
    },
  })
  let isOver = false
  const fail = (why: string) => {
    const error = guestUnreachable(why)
    hello.reject(error)
    exit.reject(error)
  }
  const finish = (why: string) => {
    fail(why)
    if (!isOver && !output.destroyed) output.push(null)
    isOver = true
  }
  const take = (frame: Frame) => {
    if (frame.type === frameTypes.data) {
      if (!isOver && !output.destroyed && !output.push(frame.payload)) attach.stdout.pause()
    } else if (frame.type === frameTypes.hello) {
      hello.resolve({ resumed: frame.payload[1] === 1 })
    } else if (frame.type === frameTypes.exit) {
      const [code = 0, signal = 0] = frame.payload
      exit.resolve(signal === 0 ? { code } : { code: 128 + signal, signal: signalName(signal) })
    } else if (frame.type === frameTypes.error) {
      finish(saidReason(frame.payload.toString('utf8')))
    }
  }
  const reader = new FrameReader()
  attach.stdout.on('data', (bytes: Buffer) => {
    try {
      for (const frame of reader.read(bytes)) take(frame)
    } catch (error) {
      finish((error as Error).message)
      attach.close()
    }
  })
  // What was printed last is still on its way to a slow reader then.
  attach.stdout.on('close', () => {
    finish('the connection was lost.')
    attach.close()
  })
  attach.exit.catch(() => fail('the connection was lost.'))
  const timer = setTimeout(() => fail('its session keeper does not answer.'), helloMs)
  try {
    const { resumed } = await hello.promise
    return {
      output,
      input: inputOf(attach),
      resumed,
      exit: exit.promise,
      resize: (newCols, newRows) => void attach.stdin.write(encodeFrame(frameTypes.resize, terminalSize(newCols, newRows))),
      close: () => output.destroy(),
    }
  } catch (error) {
    attach.close()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** Waits for the channel: a guest that does not read holds the sender up. */
function inputOf(attach: Channel): Writable {
  const input = new Writable({
    write(bytes: Buffer, _encoding, done) {
      const frames: Buffer[] = []
      for (let at = 0; at < bytes.length; at += largestData)
        frames.push(encodeFrame(frameTypes.data, bytes.subarray(at, at + largestData)))
      attach.stdin.write(Buffer.concat(frames), done)
    },
  })
  attach.stdin.on('close', () => input.destroy())
  return input
}

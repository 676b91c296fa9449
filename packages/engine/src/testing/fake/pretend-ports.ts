import type { Socket } from 'node:net'
import { encodeFrame } from '../../guest/link/keeper-frames.ts'
import { fakeFrames } from './fake-protocol.ts'

type TakeFrame = (type: number, payload: Buffer) => void

/** What a pretend machine listens on: 7 sends back what comes (RFC 862), 80 tells whose it is. On any other port nothing does. */
export function connectPort(socket: Socket, machine: string, port: number): TakeFrame {
  const isOpen = port === 7 || port === 80
  socket.write(encodeFrame(fakeFrames.ready, Buffer.of(isOpen ? 1 : 0)))
  const end = () => socket.end()
  if (!isOpen) end()
  return (type, payload) => {
    if (type === fakeFrames.eof) end()
    else if (type === fakeFrames.data && port === 7) socket.write(encodeFrame(fakeFrames.data, payload))
    else if (type === fakeFrames.data) {
      const body = `This is the pretend machine ${machine}.\n`
      const head = `HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n\r\n`
      socket.write(encodeFrame(fakeFrames.data, Buffer.from(head + body)))
      end()
    }
  }
}

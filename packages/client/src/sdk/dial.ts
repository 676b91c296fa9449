import { portClosed } from '@ramet/model/errors/errors.ts'
import type { Client } from '../client-shape.ts'

/** One TCP connection into a machine, as streams of bytes. */
export interface Socket extends Disposable {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  close(): void
}

/** Bytes held in this process at most, before a writer waits. */
const maxBufferedBytes = 1024 * 1024
const drainPollMs = 5

/** Opens a TCP connection by a tunnel of the server. Throws `port_closed`, and what the server says when it gives no tunnel. */
export async function dial(client: Client, run: string, machine: string, host: string, port: number): Promise<Socket> {
  const socket = await client.openTunnel(run, machine, host, port)
  socket.binaryType = 'arraybuffer'
  await opened(socket).catch(() => {
    throw portClosed(machine, port)
  })
  return { ...streamsOf(socket), close: () => socket.close(1000), [Symbol.dispose]: () => socket.close(1000) }
}

const opened = (socket: WebSocket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.onopen = () => resolve()
    socket.onclose = reject
    socket.onerror = reject
  })

/** Nothing holds the other side back while nobody reads: what came is kept. Reading on is up to whoever asked for it. */
function streamsOf(socket: WebSocket): Pick<Socket, 'readable' | 'writable'> {
  let isOver = false
  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => controller.enqueue(new Uint8Array(data))
      socket.onclose = () => {
        if (!isOver) controller.close()
        isOver = true
      }
    },
    cancel() {
      isOver = true
      socket.close(1000)
    },
  })
  const writable = new WritableStream<Uint8Array>({
    async write(bytes) {
      socket.send(new Uint8Array(bytes))
      // The WebSocket API has no event for "drained".
      while (!isOver && socket.bufferedAmount > maxBufferedBytes) await new Promise((resolve) => setTimeout(resolve, drainPollMs))
    },
    // The protocol has no half-close.
    close: () => socket.close(1000),
    abort: () => socket.close(1000),
  })
  return { readable, writable }
}

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { Duplex } from 'node:stream'

/** Datagrams that wait for whoever reads. UDP loses what nobody takes in time, and so does this. */
const mostWaiting = 64

/**
 * A UDP flow to a port of an address, from a port of its own: each chunk of the stream is one datagram, both ways. Answers of other addresses are not heard. It ends when it is
 * destroyed: nothing tells that the other side has gone.
 */
export async function openDatagramFlow(address: string, port: number): Promise<Duplex> {
  const socket = createSocket('udp4')
  // What comes back when nobody listens (ICMP), once for each datagram: lost like any other.
  socket.on('error', () => {})
  socket.connect(port, address)
  await once(socket, 'connect')
  const flow = new Duplex({
    objectMode: true,
    highWaterMark: mostWaiting,
    read() {},
    write: (datagram: Buffer, _encoding, done) => void socket.send(datagram, () => done()),
    final(done) {
      flow.destroy()
      done()
    },
    destroy(error, done) {
      socket.close(() => done(error))
    },
  })
  socket.on('message', (datagram) => flow.readableLength < mostWaiting && flow.push(datagram))
  return flow
}

import { Duplex } from 'node:stream'

/** A connection in a machine whose reader takes its time, and what it has got. */
export function slowConnection(): { readonly connection: Duplex; text(): string } {
  const got: Buffer[] = []
  const connection = new Duplex({
    read() {},
    write: (bytes: Buffer, _, done) =>
      void setTimeout(() => {
        got.push(bytes)
        done()
      }, 20),
  })
  return { connection, text: () => Buffer.concat(got).toString() }
}

/** Bytes of a stream in the portions in which a format wants them. Keeps no more than one chunk of the stream and what is asked for. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)
  /** How many were taken so far. */
  position = 0

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]()
  }

  /** Exactly that many; fewer only at the end of the stream. */
  async take(length: number): Promise<Buffer> {
    while (this.#rest.length < length) {
      const more = await this.#next()
      if (more === undefined) break
      this.#rest = this.#rest.length === 0 ? more : Buffer.concat([this.#rest, more])
    }
    return this.#cut(Math.min(length, this.#rest.length))
  }

  /** Up to that many, as they come; undefined at the end of the stream. */
  async some(most: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const more = await this.#next()
      if (more === undefined) return undefined
      this.#rest = more
    }
    return this.#cut(Math.min(most, this.#rest.length))
  }

  #cut(length: number): Buffer {
    const part = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    this.position += length
    return part
  }

  async #next(): Promise<Buffer | undefined> {
    const { value, done } = await this.#chunks.next()
    return done ? undefined : value
  }
}

/** Output of which only the beginning and the end are kept when it grows too long. Its memory is bounded by twice `most`, whatever the size of the pieces. */
export class KeptOutput {
  readonly #half: number
  readonly #head: Buffer[] = []
  #headBytes = 0
  #tail: Buffer[] = []
  #tailBytes = 0
  /** Bytes that came in all. */
  total = 0

  /** `most`: bytes that are kept. */
  constructor(most: number) {
    this.#half = Math.ceil(most / 2)
  }

  push(piece: Buffer): void {
    this.total += piece.length
    const room = this.#half - this.#headBytes
    if (room > 0) {
      // A copy: a piece may be a view on a much bigger buffer.
      this.#head.push(Buffer.from(piece.subarray(0, room)))
      this.#headBytes += Math.min(room, piece.length)
    }
    const rest = piece.subarray(Math.max(0, room))
    if (rest.length === 0) return
    this.#tail.push(Buffer.from(rest.subarray(-this.#half)))
    this.#tailBytes += Math.min(rest.length, this.#half)
    if (this.#tailBytes > 2 * this.#half) this.#shorten()
  }

  /** All that is kept, the beginning and the end. */
  bytes(): Buffer {
    return Buffer.concat([...this.#head, ...this.#tail])
  }

  /** As text, with a line in place of what is left out. */
  text(): string {
    this.#shorten()
    const left = this.total - this.#headBytes - this.#tailBytes
    if (left === 0) return Buffer.concat([...this.#head, ...this.#tail]).toString()
    return `${Buffer.concat(this.#head).toString()}\n[… ${left} bytes left out …]\n${Buffer.concat(this.#tail).toString()}`
  }

  #shorten(): void {
    const kept = Buffer.concat(this.#tail).subarray(-this.#half)
    this.#tail = [kept]
    this.#tailBytes = kept.length
  }
}

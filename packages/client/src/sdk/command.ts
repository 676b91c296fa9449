import type { Channel, Exit, MachineStream, SignalName } from '../machine-stream.ts'

export interface Output {
  readonly channel: Channel
  readonly bytes: Uint8Array
  readonly text: string
}

/**
 * A command that runs in a machine. Iterating over it gives its output as it comes, and holds it back while nobody asks for more; the loop ends with the command. Leaving the loop
 * ends the command.
 */
export class Command implements AsyncIterable<Output> {
  /** Rejects with `connection_lost` when the connection broke, or with what the server said. */
  readonly exit: Promise<Exit>
  readonly #stream: MachineStream

  constructor(stream: MachineStream, signal?: AbortSignal) {
    this.#stream = stream
    this.exit = stream.exit
    if (signal?.aborted) stream.close()
    const leave = () => stream.close()
    signal?.addEventListener('abort', leave, { once: true })
    const over = () => signal?.removeEventListener('abort', leave)
    stream.exit.then(over, over)
  }

  /** Resolves when there is room for more. */
  write(input: string | Uint8Array): Promise<void> {
    return this.#stream.write(input)
  }

  /** No more input comes. */
  async end(): Promise<void> {
    this.#stream.eof()
  }

  signal(name: SignalName): void {
    this.#stream.signal(name)
  }

  close(): void {
    this.#stream.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Output> {
    const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() }
    const waiting: { readonly output: Output; taken(): void }[] = []
    let wake = () => {}
    let isOver = false
    this.#stream.onOutput((channel, bytes) => {
      const text = decoders[channel].decode(bytes, { stream: true })
      // Bytes count as consumed when they are asked for, so the server sends no more than is wanted.
      return new Promise<void>((taken) => {
        waiting.push({ output: { channel, bytes, text }, taken })
        wake()
      })
    })
    const over = () => {
      isOver = true
      wake()
    }
    this.exit.then(over, over)
    try {
      for (;;) {
        const next = waiting.shift()
        if (next) {
          next.taken()
          yield next.output
        } else if (isOver) break
        else await new Promise<void>((resolve) => (wake = resolve))
      }
      await this.exit
    } finally {
      // What was not asked for is not waited for.
      for (const { taken } of waiting) taken()
      if (!isOver) this.close()
    }
  }
}

import type { Socket } from 'node:net'
import { lineReader } from './fake-protocol.ts'
import type { PretendDrives } from './pretend-drives.ts'

/** How long a guest waits for an answer, as `initramfs/configure` does. */
const waitsMs = { unmarked: 20_000, marked: 3_000, done: 10_000 }

/** One boot's question whether the work of its lineage's first one may begin, by the real protocol (guest/boot/first-boot.ts). */
export class PretendFirstBoot {
  readonly #bootId: string
  readonly #drives: PretendDrives
  readonly #sockets = new Set<Socket>()
  #line = ''
  #answered: (answer: string) => void = () => {}

  constructor(bootId: string, drives: PretendDrives) {
    this.#bootId = bootId
    this.#drives = drives
  }

  /** A host that comes while an answer is missing is asked too. */
  take(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on(
      'data',
      lineReader((line) => {
        const [answer = '', boot] = line.split(' ')
        if (boot === this.#bootId) this.#answered(answer)
      }),
    )
    if (this.#line !== '') socket.write(this.#line)
  }

  /** Asks, and does what is due. */
  async run(): Promise<void> {
    const isMarked = this.#drives.timesSetUp > 0
    const answer = await this.#tell('may-begin', isMarked ? waitsMs.marked : waitsMs.unmarked)
    if (answer !== 'yes' && (answer !== 'again' || isMarked)) return
    this.#drives.noteSetUp()
    await this.#tell('done', waitsMs.done)
  }

  /** The answer, empty when there is none in time. */
  async #tell(verb: string, withinMs: number): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>()
    this.#answered = resolve
    this.#line = `${verb} ${this.#bootId}\n`
    for (const socket of this.#sockets) socket.write(this.#line)
    const late = setTimeout(resolve, withinMs, '')
    try {
      return await promise
    } finally {
      clearTimeout(late)
      this.#line = ''
    }
  }
}

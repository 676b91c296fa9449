import { Duplex, Readable, Writable } from 'node:stream'
import { guestUnreachable } from '@ramet/model/errors/errors.ts'
import { openConsole } from '../../guest/console.ts'
import type {
  ExecOptions,
  GuestLink,
  GuestProcess,
  Guests,
  GuestTerminal,
  LinkOptions,
  TerminalOptions,
  ToolOptions,
  ToolResult,
} from '../../guest/guest.ts'
import { encodeFrame, FrameReader } from '../../guest/link/keeper-frames.ts'
import { waitUntilReady } from '../../guest/link/wait-until-ready.ts'
import { wake } from '../../guest/wake/wake.ts'
import type { VmPort } from '../../vmm/vmm.ts'
import { fakeFrames, type GuestOpening, largestFrame, readFrames } from './fake-protocol.ts'

const betweenTriesMs = 50
const runMs = 30_000

export const fakeGuests: Guests = {
  link: (vm, options) => new FakeLink(vm.ports.channel, options),
  // The real one: pretend guests speak its protocol.
  wake,
  async renewIdentity(link) {
    await link.tool(['renew-identity'])
  },
  console: openConsole,
}

class FakeLink implements GuestLink {
  isReady = false
  readonly #port: VmPort
  readonly #listeners = new Set<(isReady: boolean, why?: string) => void>()
  readonly #closing = new AbortController()
  #socket: Duplex | undefined
  #lastWhy = 'it does not answer yet.'
  #timer: NodeJS.Timeout | undefined

  constructor(port: VmPort, { awake = Promise.resolve() }: LinkOptions = {}) {
    this.#port = port
    awake.then(
      () => this.#keepConnected(),
      () => {},
    )
  }

  get lastWhy(): string | undefined {
    return this.isReady ? undefined : this.#lastWhy
  }

  onChange(listener: (isReady: boolean, why?: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  ready(signal: AbortSignal): Promise<void> {
    return waitUntilReady(this, signal, this.#closing.signal)
  }

  async exec(command: string, { user = 'root', pty }: ExecOptions = {}): Promise<GuestProcess> {
    return (await this.#open({ kind: 'exec', command, user, hasTerminal: pty !== undefined })).process
  }

  async run(command: string, options: { user?: string; timeoutMs?: number; stdin?: string } = {}): Promise<ToolResult> {
    return this.#finish(await this.exec(command, { user: options.user }), options)
  }

  async tool(argv: readonly [string, ...string[]], options: ToolOptions = {}): Promise<ToolResult> {
    options.signal?.throwIfAborted()
    return this.#finish((await this.#open({ kind: 'tool', argv })).process, options)
  }

  async #finish(process: GuestProcess, options: ToolOptions): Promise<ToolResult> {
    const timer = setTimeout(() => process.close(), options.timeoutMs ?? runMs)
    const abort = () => process.close()
    options.signal?.addEventListener('abort', abort, { once: true })
    try {
      process.stdin.end(options.stdin ?? '')
      const [{ code }, stdout, stderr] = await Promise.all([process.exit, textOf(process.stdout), textOf(process.stderr)])
      return { code, stdout, stderr }
    } finally {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', abort)
    }
  }

  async terminal(session: string, { user }: TerminalOptions): Promise<GuestTerminal> {
    const { process, resumed } = await this.#open({ kind: 'terminal', session, user })
    return {
      output: process.stdout,
      input: process.stdin,
      resumed,
      exit: process.exit,
      resize: process.resize,
      close: process.close,
    }
  }

  async dial(port: number): Promise<Duplex | undefined> {
    const { process, resumed: isOpen } = await this.#open({ kind: 'dial', port })
    process.exit.catch(() => {})
    return isOpen ? Duplex.from({ readable: process.stdout, writable: process.stdin }) : undefined
  }

  close(): void {
    this.#closing.abort(guestUnreachable('it was switched off.'))
    clearTimeout(this.#timer)
    this.#socket?.destroy()
  }

  /** One connection is the link itself: the guest answers on it once it is up, and its end is the end of the boot. */
  async #keepConnected(): Promise<void> {
    if (this.#closing.signal.aborted) return
    const again = () => {
      this.#change(false)
      if (!this.#closing.signal.aborted) this.#timer = setTimeout(() => void this.#keepConnected(), betweenTriesMs)
    }
    const socket = await this.#connect().catch(() => undefined)
    if (!socket) return again()
    this.#socket = socket
    socket.once('data', () => this.#change(true))
    socket.once('close', again)
    socket.write(opening({ kind: 'link' }))
  }

  async #connect(): Promise<Duplex> {
    const socket = await this.#port()
    socket.on('error', () => {})
    if (this.#closing.signal.aborted) socket.destroy()
    return socket
  }

  #change(isReady: boolean): void {
    if (this.isReady === isReady) return
    this.isReady = isReady
    if (!isReady) this.#lastWhy = 'the connection was lost.'
    for (const listener of this.#listeners) listener(isReady, this.lastWhy)
  }

  async #open(what: GuestOpening): Promise<{ process: GuestProcess; resumed: boolean }> {
    if (!this.isReady) throw guestUnreachable('it does not answer yet.')
    const socket = await this.#connect().catch((error: Error) => {
      throw guestUnreachable(`the connection was lost (${error.message}).`)
    })
    const close = () => socket.destroy()
    this.#closing.signal.addEventListener('abort', close, { once: true })
    socket.once('close', () => this.#closing.signal.removeEventListener('abort', close))
    const begun = Promise.withResolvers<boolean>()
    // Nobody may be waiting for it when the connection goes, if what follows fails.
    begun.promise.catch(() => {})
    const process = processOver(socket, begun)
    socket.write(opening(what))
    return { resumed: await begun.promise, process }
  }
}

/** A command may be longer than a frame. */
function opening(what: GuestOpening): Buffer {
  const text = Buffer.from(JSON.stringify(what))
  const frames: Buffer[] = []
  let at = 0
  for (; at + largestFrame < text.length; at += largestFrame)
    frames.push(encodeFrame(fakeFrames.openBeginning, text.subarray(at, at + largestFrame)))
  return Buffer.concat([...frames, encodeFrame(fakeFrames.open, text.subarray(at))])
}

/** Backpressure is the socket's, both ways. */
function processOver(socket: Duplex, begun: PromiseWithResolvers<boolean>): GuestProcess {
  const reader = new FrameReader()
  const exit = Promise.withResolvers<{ code: number }>()
  exit.promise.catch(() => {})
  const resume = () => socket.resume()
  const stdout = new Readable({ read: resume })
  const stderr = new Readable({ read: resume })
  const stdin = new Writable({
    write(bytes: Buffer, _, done) {
      for (let at = 0; at < bytes.length; at += largestFrame) {
        const isLast = at + largestFrame >= bytes.length
        socket.write(
          encodeFrame(fakeFrames.data, bytes.subarray(at, at + largestFrame)),
          isLast ? (error) => done(error) : undefined,
        )
      }
      if (bytes.length === 0) done()
    },
    final(done) {
      socket.write(encodeFrame(fakeFrames.eof, Buffer.alloc(0)), () => done())
    },
  })
  stdin.on('error', () => {})
  socket.on('error', () => {})
  socket.on('data', (chunk) =>
    readFrames(reader, chunk, (type, payload) => {
      if (type === fakeFrames.ready) begun.resolve(payload[0] === 1)
      else if (type === fakeFrames.exit) exit.resolve({ code: payload[0] ?? 255 })
      else {
        const stream = type === fakeFrames.data ? stdout : stderr
        if (!stream.destroyed && !stream.push(Buffer.from(payload))) socket.pause()
      }
    }),
  )
  socket.on('close', () => {
    const lost = guestUnreachable('the connection was lost.')
    begun.reject(lost)
    exit.reject(lost)
    stdin.destroy()
    for (const stream of [stdout, stderr]) if (!stream.destroyed) stream.push(null)
  })
  return {
    stdin,
    stdout,
    stderr,
    exit: exit.promise,
    resize() {},
    signal() {
      socket.write(encodeFrame(fakeFrames.signal, Buffer.alloc(0)))
    },
    close() {
      socket.destroy()
    },
  }
}

async function textOf(stream: Readable): Promise<string> {
  let text = ''
  for await (const bytes of stream) text += String(bytes)
  return text
}

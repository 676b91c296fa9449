import type { Socket } from 'node:net'
import { encodeFrame, FrameReader } from '../../guest/link/keeper-frames.ts'
import { fakeFrames, type GuestOpening, largestFrame, readFrames } from './fake-protocol.ts'
import { connectPort } from './pretend-ports.ts'
import { type PretendMachine, PretendShell, type ShellStreams } from './pretend-shell.ts'
import type { PretendTasks } from './pretend-tasks.ts'
import { PretendTerminal, type TerminalMemory } from './pretend-terminal.ts'

/** A machine whose guest takes tasks. */
type Machine = PretendMachine & { readonly tasks: PretendTasks }

/** The guest's side of the guest socket during one boot: commands, and kept terminals by session name. */
export class PretendGuest {
  readonly #machine: Machine
  readonly #sessions = new Map<string, PretendTerminal>()
  readonly #sockets = new Set<Socket>()
  #isUp = false
  #isFrozen = false
  #whenUp: (() => void)[] = []

  constructor(machine: Machine) {
    this.#machine = machine
  }

  up(): void {
    this.#isUp = true
    for (const ready of this.#whenUp) ready()
    this.#whenUp = []
  }

  /** Hangs up, and answers nobody for so many seconds of this boot. */
  freeze(seconds: number): void {
    this.#isFrozen = true
    for (const socket of this.#sockets) socket.destroy()
    setTimeout(() => this.#thaw(), seconds * 1000)
  }

  /** Those who came meanwhile come again. */
  #thaw(): void {
    this.#isFrozen = false
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Kept terminals by session name. */
  get memory(): [string, TerminalMemory][] {
    return [...this.#sessions].map(([session, terminal]) => [session, terminal.memory])
  }

  remember(memory: readonly [string, TerminalMemory][]): void {
    for (const [session, each] of memory) this.#keep(session, new PretendTerminal(this.#machine, each.user, each))
  }

  /** Everything in it is gone. */
  down(): void {
    for (const session of this.#sessions.values()) session.end(255)
    for (const socket of this.#sockets) socket.destroy()
  }

  take(socket: Socket): void {
    const reader = new FrameReader()
    this.#sockets.add(socket)
    const beginning: Buffer[] = []
    let next: ((type: number, payload: Buffer) => void) | undefined
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (chunk) => {
      if (this.#isFrozen) return
      try {
        readFrames(reader, chunk, (type, payload) => {
          if (next) next(type, payload)
          else if (type === fakeFrames.openBeginning) beginning.push(payload)
          else if (type === fakeFrames.open)
            next = this.#open(socket, JSON.parse(Buffer.concat([...beginning, payload]).toString()) as GuestOpening)
        })
      } catch {
        socket.destroy()
      }
    })
  }

  #open(socket: Socket, opening: GuestOpening): (type: number, payload: Buffer) => void {
    if (opening.kind === 'exec') return this.#exec(socket, opening.command, opening.user, opening.hasTerminal)
    if (opening.kind === 'tool') return this.#tool(socket, opening.argv)
    if (opening.kind === 'terminal') return this.#terminal(socket, opening.session, opening.user)
    if (opening.kind === 'dial') return connectPort(socket, this.#machine.name, opening.port)
    const ready = () => socket.write(encodeFrame(fakeFrames.ready, Buffer.of(0)))
    if (this.#isUp) ready()
    else this.#whenUp.push(ready)
    return () => {}
  }

  #terminal(socket: Socket, session: string, user: string): (type: number, payload: Buffer) => void {
    const known = this.#sessions.get(session)
    const terminal = known ?? this.#keep(session, new PretendTerminal(this.#machine, user))
    socket.write(encodeFrame(fakeFrames.ready, Buffer.of(known ? 1 : 0)))
    return attachSocket(socket, terminal)
  }

  #tool(socket: Socket, [program, ...words]: readonly [string, ...string[]]): (type: number, payload: Buffer) => void {
    socket.write(encodeFrame(fakeFrames.ready, Buffer.of(0)))
    let input = ''
    const run = async () => {
      if (program === 'power-off') {
        if (words[0] === 'reboot') this.#machine.reboot()
        else this.#machine.powerOff()
        return exit(socket, 0)
      }
      // `busybox sync`: what is written here is on the disk at once.
      if (program === 'busybox') return exit(socket, 0)
      if (program === 'renew-identity') {
        this.#machine.renewIdentity()
        return exit(socket, 0)
      }
      const hungUp = new AbortController()
      socket.on('close', () => hungUp.abort(new Error('hung up')))
      const { code, out, err } = await this.#machine.tasks.call(words.slice(1), input, hungUp.signal)
      if (socket.destroyed) return
      send(socket, fakeFrames.data, out)
      send(socket, fakeFrames.stderr, err)
      exit(socket, code)
    }
    return (type, payload) => {
      if (type === fakeFrames.data) input += payload.toString()
      else if (type === fakeFrames.eof) void run()
    }
  }

  #keep(session: string, terminal: PretendTerminal): PretendTerminal {
    this.#sessions.set(session, terminal)
    terminal.attach(
      () => {},
      () => this.#sessions.delete(session),
    )
    return terminal
  }

  #exec(socket: Socket, command: string, user: string, hasTerminal: boolean): (type: number, payload: Buffer) => void {
    socket.write(encodeFrame(fakeFrames.ready, Buffer.of(0)))
    if (command === '' && hasTerminal) {
      const terminal = new PretendTerminal(this.#machine, user)
      socket.on('close', () => terminal.end(255))
      return attachSocket(socket, terminal)
    }
    const input = new Input()
    const stop = new AbortController()
    socket.on('close', () => stop.abort(new Error('hung up')))
    socket.on('drain', () => socket.resume())
    const say = (type: number, text: string) => {
      const bytes = Buffer.from(text, 'latin1')
      for (let at = 0; at < bytes.length; at += largestFrame) {
        // What is not read is not made: the command's input waits for its output.
        if (!socket.write(encodeFrame(type, bytes.subarray(at, at + largestFrame)))) socket.pause()
      }
    }
    const streams: ShellStreams = {
      out: (text) => say(fakeFrames.data, text),
      error: (text) => say(fakeFrames.stderr, text),
      pipe: (take, signal) => input.pipe(take, signal),
    }
    void this.#execute(new PretendShell(this.#machine, user), command, input, streams, stop.signal).then((code) =>
      exit(socket, code),
    )
    return (type, payload) => {
      if (type === fakeFrames.data) input.push(Buffer.from(payload))
      else if (type === fakeFrames.eof) input.end()
      else if (type === fakeFrames.signal) stop.abort(new Error('signalled'))
    }
  }

  async #execute(
    shell: PretendShell,
    command: string,
    input: Input,
    streams: ShellStreams,
    signal: AbortSignal,
  ): Promise<number> {
    try {
      if (command !== '') return (await shell.run(command, streams, signal)).code
      let script = ''
      await input.pipe((bytes) => {
        script += bytes.toString('latin1')
      }, signal)
      return (await shell.run(script, streams, signal)).code
    } catch {
      return 130
    }
  }
}

function attachSocket(socket: Socket, terminal: PretendTerminal): (type: number, payload: Buffer) => void {
  const detach = terminal.attach(
    (bytes) => {
      for (let at = 0; at < bytes.length; at += largestFrame)
        socket.write(encodeFrame(fakeFrames.data, bytes.subarray(at, at + largestFrame)))
    },
    (code) => exit(socket, code),
  )
  socket.on('close', detach)
  return (type, payload) => {
    if (type === fakeFrames.data) terminal.type(payload)
  }
}

function send(socket: Socket, type: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += largestFrame) socket.write(encodeFrame(type, bytes.subarray(at, at + largestFrame)))
}

function exit(socket: Socket, code: number): void {
  if (!socket.destroyed) socket.end(encodeFrame(fakeFrames.exit, Buffer.of(code)))
}

/** Standard input of one command: kept until somebody reads it. */
class Input {
  #early: Buffer[] = []
  #isEnded = false
  #take: ((bytes: Buffer) => void) | undefined
  #done: (() => void) | undefined

  push(bytes: Buffer): void {
    if (this.#take) this.#take(bytes)
    else this.#early.push(bytes)
  }

  end(): void {
    this.#isEnded = true
    this.#done?.()
  }

  async pipe(take: (bytes: Buffer) => void, signal: AbortSignal): Promise<void> {
    for (const bytes of this.#early) take(bytes)
    this.#early = []
    if (this.#isEnded) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#take = take
    this.#done = resolve
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    try {
      await promise
    } finally {
      this.#take = undefined
    }
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, symlink } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { run } from '../../process/run-process.ts'
import { guestPrograms } from '../agent/build-guest-tools.ts'

const native = join(import.meta.dirname, '../agent/native')

/** For tests: compiles what `HostAgent` runs into a folder that becomes the platform's. */
export async function compileAgent(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await Promise.all(
    (['agent', 'keeper'] as const).map((name) =>
      run(['cc', '-O1', '-D_GNU_SOURCE', '-o', join(folder, name), ...guestPrograms[name].map((file) => join(native, file))]),
    ),
  )
  await symlink('/bin/sh', join(folder, 'sh'))
}

/**
 * For tests: the guest's agent as a process of this host, behind a unix socket that passes one connection at a time through to its port, as a VM does. The agent hears
 * nothing of a connection's end, as a guest that does not look.
 */
export class HostAgent {
  readonly #folder: string
  readonly #path: string
  readonly #caller = createServer((socket) => this.#connected(socket))
  #socket: Socket | undefined
  #agent: ChildProcess | undefined
  #port: Duplex | undefined
  /** Bytes of the host to change or drop before the agent reads them. */
  toGuest: (bytes: Buffer) => Buffer = (bytes) => bytes

  private constructor(folder: string, path: string) {
    this.#folder = folder
    this.#path = path
  }

  static async start(folder: string, path: string): Promise<HostAgent> {
    const agent = new HostAgent(folder, path)
    agent.restart()
    await rm(path, { force: true })
    agent.#caller.listen(path)
    await once(agent.#caller, 'listening')
    return agent
  }

  get pid(): number {
    return this.#agent?.pid ?? 0
  }

  /** Another agent at the same port, as when the former one was killed. */
  restart(): void {
    this.#agent?.kill('SIGKILL')
    this.#port?.destroy()
    const agent = spawn('./agent', ['3'], { cwd: this.#folder, stdio: ['ignore', 'inherit', 'inherit', 'pipe'], detached: true })
    const port = agent.stdio[3] as Duplex
    port.on('error', () => {})
    port.on('data', (bytes: Buffer) => {
      // As the driver does, the guest's bytes wait for a host that is slow, and are lost without one.
      if (this.#socket && !this.#socket.write(bytes)) port.pause()
    })
    this.#agent = agent
    this.#port = port
  }

  /** The host's end of the present connection is gone. */
  cut(): void {
    this.#socket?.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    this.#agent?.kill('SIGKILL')
    this.#port?.destroy()
    await new Promise((resolve) => this.#caller.close(resolve))
    await rm(this.#path, { force: true })
  }

  #connected(socket: Socket): void {
    this.#socket?.destroy()
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('drain', () => this.#port?.resume())
    socket.on('data', (bytes: Buffer) => {
      if (this.#port?.write(this.toGuest(bytes)) === false) {
        socket.pause()
        this.#port.once('drain', () => socket.resume())
      }
    })
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined
      this.#port?.resume()
    })
  }
}

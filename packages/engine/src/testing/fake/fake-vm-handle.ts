import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { unixPort } from '../../vmm/unix-port.ts'
import type { Vm, VmCut, VmEnd, VmIdentity, VmMemory, VmOverlay, VmPorts } from '../../vmm/vmm.ts'
import type { FakeControl } from './fake-control.ts'
import { FakeCut } from './fake-cut.ts'
import { consoleLogPattern, fakeFiles, isAlive, type ProcessIdentity } from './fake-files.ts'
import type { ControlEvent } from './fake-protocol.ts'

const pollMs = 20

/** A pretend VM's process, ours or found again. Holds its control connection and sees how it ends. */
export class FakeVm implements Vm {
  readonly pid: number
  readonly ports: VmPorts
  readonly ended: Promise<VmEnd>
  readonly #identity: ProcessIdentity
  readonly #folder: string
  readonly #control: FakeControl
  #isReleased = false

  constructor({ folder }: VmIdentity, identity: ProcessIdentity, control: FakeControl) {
    const files = fakeFiles(folder)
    this.pid = identity.pid
    this.ports = { channel: unixPort(files.guest), wake: unixPort(files.wake), console: unixPort(files.console) }
    this.#identity = identity
    this.#folder = folder
    this.#control = control
    control.listeners.add((event) => {
      if (event.event === 'powered-off') control.send({ command: 'quit' }).catch(() => {})
    })
    this.ended = this.#end()
  }

  onReset(listener: () => void): () => void {
    const take = (event: ControlEvent) => {
      if (event.event === 'reset') listener()
    }
    this.#control.listeners.add(take)
    return () => this.#control.listeners.delete(take)
  }

  /** Its disk is never full. */
  onSpace(): void {}

  async pressPowerButton(): Promise<void> {
    await this.#control.send({ command: 'power-button' })
  }

  async kill(): Promise<void> {
    if (await isAlive(this.#identity)) process.kill(this.pid, 'SIGKILL')
    await gone(this.#identity)
    // So that whoever is told of its end has heard it.
    if (!this.#isReleased) await this.ended
  }

  async addLayer(driveIndex: number, file: string): Promise<void> {
    await this.#control.send({ command: 'add-layer', driveIndex, file })
  }

  async beginCut(into: VmMemory, overlays: readonly VmOverlay[]): Promise<VmCut> {
    return new FakeCut((command) => this.#control.send(command), into, overlays)
  }

  async isRunning(): Promise<boolean> {
    return this.#control.send({ command: 'look' })
  }

  async goOn(): Promise<void> {
    await this.#control.send({ command: 'go-on' })
  }

  async overlayFiles(): Promise<string[]> {
    return JSON.parse(await readFile(fakeFiles(this.#folder).overlays, 'utf8')) as string[]
  }

  async printed(): Promise<string> {
    const names = (await readdir(this.#folder)).filter((name) => consoleLogPattern.test(name)).toSorted()
    const newest = names.at(-1)
    return newest === undefined ? '' : readFile(join(this.#folder, newest), 'utf8')
  }

  release(): void {
    this.#isReleased = true
    this.#control.close()
  }

  async #end(): Promise<VmEnd> {
    await this.#control.closed
    // Whoever let go is told nothing any more; the VM goes on.
    if (this.#isReleased) return new Promise(() => {})
    await gone(this.#identity)
    return readEnd(this.#folder)
  }
}

/** What the VM wrote about its own end; one that was killed had no time to. */
export async function readEnd(folder: string): Promise<VmEnd> {
  const text = await readFile(fakeFiles(folder).end, 'utf8').catch(() => '')
  return text === 'powered-off' || text === 'crashed' ? text : 'killed'
}

export async function gone(identity: ProcessIdentity): Promise<void> {
  while (await isAlive(identity)) await delay(pollMs)
}

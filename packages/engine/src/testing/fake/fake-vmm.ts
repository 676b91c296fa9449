import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readdir, readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { vmFailed } from '@ramet/model/errors/errors.ts'
import { writeFileAtomically } from '../../disk/files.ts'
import { checkRam } from '../../vmm/memory-files.ts'
import type { Vm, VmCut, VmEnd, VmIdentity, VmMemory, Vmm, VmOverlay, VmRemains, VmSpec } from '../../vmm/vmm.ts'
import { FakeCut } from './fake-cut.ts'
import { writeFakeDrive } from './fake-drive.ts'
import { consoleLogPattern, fakeFiles, folderTaken, isAlive, type ProcessIdentity } from './fake-files.ts'
import { type ControlCommand, type ControlEvent, type Greeting, lineReader } from './fake-protocol.ts'

const program = join(import.meta.dirname, 'fake-vm.ts')
/** A process under load may take seconds to begin. */
const answerMs = 20_000
const pollMs = 20

/** VMs that are small processes of their own: no root, no QEMU, ready in a fraction of a second. */
export const fakeVmm: Vmm = {
  name: 'fake',
  accelerator: 'fake',
  capabilities: new Set(['add-layer', 'snapshot', 'resume']),

  async start(spec) {
    const files = fakeFiles(spec.folder)
    if (spec.resume) await checkRam(spec, spec.resume)
    const output = await open(files.output, 'a')
    const words = [spec.folder, spec.runId, spec.machine, String(spec.ramMiB), ...(spec.resume ? [spec.resume.stateFile] : [])]
    const argv = ['--disable-warning=ExperimentalWarning', program, ...words]
    await writeFileAtomically(files.overlays, JSON.stringify(spec.drives.map(({ chain }) => chain[0].file)))
    const child = spawn(process.execPath, argv, { detached: true, stdio: ['ignore', output.fd, output.fd], cwd: '/' })
    child.unref()
    let failure: Error | undefined
    child.on('error', (error) => {
      failure = error
    })
    await output.close()
    // A guest's boot writes to its drives.
    for (const { readOnly, chain } of spec.drives)
      if (!readOnly && !spec.resume) await writeFakeDrive(chain[0].file, 0, Math.floor(Math.random() * 256))
    const deadline = Date.now() + answerMs
    try {
      for (;;) {
        if (failure) throw failure
        const identity = await readIdentity(spec.folder)
        // Another one holds the folder: started by a server that was killed before it saw it. It is the same machine.
        const isOurs = identity?.pid === child.pid || child.exitCode === folderTaken
        if (identity && isOurs && (await isAlive(identity))) {
          const control = await tryControl(spec, identity)
          if (control) return new FakeVm(spec, identity, control)
        } else if (child.exitCode !== null && child.exitCode !== folderTaken) {
          throw new Error(`its process ended with ${child.exitCode}: ${(await readFile(files.output, 'utf8')).slice(-500)}`)
        }
        if (Date.now() > deadline) throw new Error(`it did not answer within ${answerMs / 1000} s.`)
        await delay(pollMs)
      }
    } catch (error) {
      child.kill('SIGKILL')
      throw vmFailed(spec.machine, (error as Error).message, error)
    }
  },

  async find(identity) {
    const known = await readIdentity(identity.folder)
    if (!known) return undefined
    const deadline = Date.now() + answerMs
    while (await isOurProcess(known, identity)) {
      const control = await tryControl(identity, known)
      if (control && !control.greeting.isPoweredOff) return new FakeVm(identity, known, control)
      if (control) {
        control.send({ command: 'quit' }).catch(() => {})
        await gone(known)
        break
      }
      if (Date.now() > deadline) throw vmFailed(identity.machine, 'its process does not answer.')
      await delay(pollMs)
    }
    return { end: await readEnd(identity.folder) } satisfies VmRemains
  },

  async consoleLogs({ folder }) {
    const names = await readdir(folder).catch((): string[] => [])
    return names
      .filter((name) => consoleLogPattern.test(name))
      .toSorted()
      .map((name) => ({ name, read: () => readFile(join(folder, name), 'utf8') }))
  },
}

/** A held control connection. */
class Control {
  readonly greeting: Greeting
  readonly closed: Promise<void>
  readonly listeners = new Set<(event: ControlEvent) => void>()
  readonly #socket: Socket
  readonly #answers = new Map<number, PromiseWithResolvers<Done>>()
  #number = 0

  constructor(socket: Socket, greeting: Greeting) {
    this.#socket = socket
    this.greeting = greeting
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    void this.closed.then(() => {
      for (const answer of this.#answers.values()) answer.reject(new Error('the connection to the VM was lost'))
    })
  }

  take(event: ControlEvent): void {
    if (event.event === 'done') this.#answers.get(event.number)?.resolve(event)
    for (const listener of this.listeners) listener(event)
  }

  /** Resolves with whether the machine runs. */
  async send(command: WithoutNumber<ControlCommand>): Promise<boolean> {
    if (this.#socket.destroyed) throw new Error('the connection to the VM was lost')
    const number = ++this.#number
    const answer = Promise.withResolvers<Done>()
    this.#answers.set(number, answer)
    this.#socket.write(`${JSON.stringify({ ...command, number })}\n`)
    try {
      const { isRunning, error } = await answer.promise
      if (error !== undefined) throw new Error(error)
      return isRunning
    } finally {
      this.#answers.delete(number)
    }
  }

  close(): void {
    this.#socket.destroy()
  }
}
type Done = Extract<ControlEvent, { event: 'done' }>
export type WithoutNumber<T> = T extends unknown ? Omit<T, 'number'> : never

class FakeVm implements Vm {
  readonly pid: number
  readonly guestSocket: string
  readonly wakeSocket: string
  readonly consoleSocket: string
  readonly ended: Promise<VmEnd>
  readonly #identity: ProcessIdentity
  readonly #folder: string
  readonly #control: Control
  #isReleased = false

  constructor({ folder }: VmIdentity, identity: ProcessIdentity, control: Control) {
    const files = fakeFiles(folder)
    this.pid = identity.pid
    this.guestSocket = files.guest
    this.wakeSocket = files.wake
    this.consoleSocket = files.console
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

async function readIdentity(folder: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(fakeFiles(folder).pid, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as ProcessIdentity)
}

async function isOurProcess(known: ProcessIdentity, { folder, runId, machine }: VmIdentity): Promise<boolean> {
  if (!(await isAlive(known))) return false
  const argv = (await readFile(`/proc/${known.pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
  return [folder, runId, machine].every((word) => argv.includes(word))
}

/** What the VM wrote about its own end; one that was killed had no time to. */
async function readEnd(folder: string): Promise<VmEnd> {
  const text = await readFile(fakeFiles(folder).end, 'utf8').catch(() => '')
  return text === 'powered-off' || text === 'crashed' ? text : 'killed'
}

async function gone(identity: ProcessIdentity): Promise<void> {
  while (await isAlive(identity)) await delay(pollMs)
}

/** Undefined when it does not answer (yet). */
async function tryControl(
  { folder, runId, machine }: VmIdentity | VmSpec,
  identity: ProcessIdentity,
): Promise<Control | undefined> {
  const socket = connect(fakeFiles(folder).control)
  try {
    await once(socket, 'connect')
    const greeted = Promise.withResolvers<Control>()
    let control: Control | undefined
    socket.on(
      'data',
      lineReader((line) => {
        const event = JSON.parse(line) as ControlEvent
        if (event.event === 'greeting') {
          control = new Control(socket, event)
          greeted.resolve(control)
        } else control?.take(event)
      }),
    )
    socket.on('error', () => {})
    socket.once('close', () => greeted.reject(new Error('closed')))
    const { greeting } = await greeted.promise
    if (!control || greeting.runId !== runId || greeting.machine !== machine || !(await isAlive(identity)))
      throw new Error('another machine')
    return control
  } catch {
    socket.destroy()
    return undefined
  }
}

export const startFakeVm = (spec: VmSpec) => fakeVmm.start(spec)

import { randomBytes, randomUUID } from 'node:crypto'
import { appendFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { VmEnd, VmMemory } from '../../vmm/vmm.ts'
import { consoleLogName, consoleLogPattern, fakeFiles, writeAtomically } from './fake-files.ts'
import type { ControlEvent } from './fake-protocol.ts'
import { PretendDrives } from './pretend-drives.ts'
import { PretendFirstBoot } from './pretend-first-boot.ts'
import { PretendGuest } from './pretend-guest.ts'
import type { PretendMachine } from './pretend-shell.ts'
import { PretendTasks } from './pretend-tasks.ts'
import { PretendTerminal, type TerminalMemory } from './pretend-terminal.ts'
import { PretendWake, type WakeMemory } from './pretend-wake.ts'

const bootMs = 200
const shutdownMs = 100
const longestLogBytes = 1024 * 1024

/** JSON of a state file. */
export interface MachineMemory {
  readonly bootId: string
  readonly machineId: string
  readonly uptimeMs: number
  readonly wake: WakeMemory
  readonly serial: TerminalMemory | undefined
  readonly sessions: [string, TerminalMemory][]
  readonly files: [string, string][]
}

export interface FakeMachineOptions {
  readonly name: string
  /** Of the VM: its logs, and how it ended. */
  readonly folder: string
  readonly ramMiB: number
}

/** The inside of a pretend VM. Machines named `fails-to-boot` do. */
export class FakeMachine implements PretendMachine {
  readonly name: string
  readonly #folder: string
  readonly #ramMiB: number
  bootId = ''
  /** A pretend drive has no files to keep it in: it is another one after a boot. */
  machineId = ''
  bootedAt = 0
  isPoweredOff = false
  wake = new PretendWake('')
  files = new Map<string, string>()
  readonly drives: PretendDrives
  /** While this boot asks the host: it has the wake port for itself. */
  firstBoot: PretendFirstBoot | undefined
  readonly tasks = new PretendTasks(this)
  guest = new PretendGuest(this)
  serial: PretendTerminal | undefined
  /** While it is paused nothing that comes in is read. */
  pausedAt: number | undefined
  readonly sockets = new Set<Socket>()
  readonly consoles = new Set<Socket>()
  readonly holders = new Set<Socket>()
  #log = ''
  #loggedBytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor({ name, folder, ramMiB }: FakeMachineOptions) {
    this.name = name
    this.#folder = folder
    this.#ramMiB = ramMiB
    this.drives = new PretendDrives(folder)
  }

  boot(): void {
    this.#log = join(this.#folder, consoleLogName(lastLog(this.#folder) + 1))
    this.#loggedBytes = 0
    this.bootId = randomUUID()
    this.renewIdentity()
    this.bootedAt = Date.now()
    this.wake = new PretendWake(this.bootId)
    this.guest = new PretendGuest(this)
    this.drives.noteBoot()
    this.firstBoot = this.drives.asksAtBoot ? new PretendFirstBoot(this.bootId, this.drives) : undefined
    this.print(`[    0.000000] Linux version 6.1.0-fake (a pretend machine)\r\n[    0.012000] Hostname ${this.name}\r\n`)
    this.#timer = setTimeout(() => {
      if (this.name === 'fails-to-boot') {
        this.print('[    0.200000] Kernel panic - not syncing: this machine fails to boot, as its name asks\r\n')
        return this.crash()
      }
      void this.#comeUp()
    }, bootMs)
  }

  async #comeUp(): Promise<void> {
    const { bootId } = this
    await this.firstBoot?.run()
    if (this.isPoweredOff || this.bootId !== bootId) return
    this.firstBoot = undefined
    this.print(`\r\nPretend Linux ${this.name} ttyS0\r\n\r\n`)
    this.serial = this.#login()
    this.guest.up()
  }

  resume(memory: MachineMemory): void {
    this.#log = join(this.#folder, consoleLogName(Math.max(1, lastLog(this.#folder))))
    this.pausedAt = Date.now()
    this.bootId = memory.bootId
    this.machineId = memory.machineId
    this.files = new Map(memory.files)
    this.bootedAt = this.pausedAt - memory.uptimeMs
    this.wake.remember(memory.wake)
    this.guest.remember(memory.sessions)
    this.serial = this.#login(memory.serial)
    this.guest.up()
  }

  renewIdentity(): void {
    this.machineId = randomBytes(16).toString('hex')
  }

  pause(): void {
    this.pausedAt ??= Date.now()
    for (const socket of this.sockets) socket.pause()
  }

  goOn(): void {
    if (this.pausedAt === undefined) return
    const pausedMs = Date.now() - this.pausedAt
    this.bootedAt += pausedMs
    this.wake.clockOffMs -= pausedMs
    this.pausedAt = undefined
    for (const socket of this.sockets) socket.resume()
  }

  /** Of a paused machine. */
  save({ ramFile, stateFile }: VmMemory): void {
    const pausedAt = this.pausedAt ?? Date.now()
    const wake = { ...this.wake.memory, now: pausedAt + this.wake.clockOffMs }
    const memory: MachineMemory = {
      bootId: this.bootId,
      machineId: this.machineId,
      uptimeMs: pausedAt - this.bootedAt,
      wake,
      serial: this.serial?.memory,
      sessions: this.guest.memory,
      files: [...this.files],
    }
    writeFileSync(ramFile, '')
    truncateSync(ramFile, this.#ramMiB * 1024 * 1024)
    writeFileSync(stateFile, JSON.stringify(memory))
  }

  powerOff(): void {
    this.#down('The system is going down for power-off', () => {
      this.print('reboot: Power down\r\n')
      this.isPoweredOff = true
      this.#writeEnd('powered-off')
      this.tell({ event: 'powered-off' })
    })
  }

  reboot(): void {
    this.#down('The system is going down for reboot', () => {
      this.print('reboot: Restarting system\r\n')
      this.tell({ event: 'reset' })
      this.boot()
    })
  }

  freeze(seconds: number, inSeconds: number): void {
    const { guest } = this
    setTimeout(() => guest.freeze(seconds), inSeconds * 1000)
  }

  crash(): void {
    this.#writeEnd('crashed')
    process.exit(1)
  }

  print(text: string | Buffer): void {
    const bytes = Buffer.from(text)
    if (this.#loggedBytes < longestLogBytes) appendFileSync(this.#log, bytes)
    this.#loggedBytes += bytes.length
    for (const console of this.consoles) console.write(bytes)
  }

  tell(event: ControlEvent): void {
    for (const holder of this.holders) holder.write(`${JSON.stringify(event)}\n`)
  }

  #login(memory?: TerminalMemory): PretendTerminal {
    const terminal = new PretendTerminal(this, 'root', memory)
    // What it printed before the snapshot is no news.
    let isNew = memory === undefined
    terminal.attach(
      (bytes) => isNew && this.print(bytes),
      () => {
        if (this.serial === terminal) this.serial = this.#login()
      },
    )
    isNew = true
    return terminal
  }

  #down(message: string, then: () => void): void {
    if (this.isPoweredOff) return
    clearTimeout(this.#timer)
    this.print(`\r\n${message}\r\n`)
    this.#timer = setTimeout(() => {
      const serial = this.serial
      this.serial = undefined
      serial?.end(255)
      this.tasks.down()
      this.guest.down()
      then()
    }, shutdownMs)
  }

  #writeEnd(end: VmEnd): void {
    writeAtomically(fakeFiles(this.#folder).end, end)
  }
}

const lastLog = (folder: string) =>
  Math.max(0, ...readdirSync(folder).flatMap((file) => (consoleLogPattern.test(file) ? Number(file.slice(8, 12)) : [])))

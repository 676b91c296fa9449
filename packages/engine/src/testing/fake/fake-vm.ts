import { randomBytes, randomUUID } from 'node:crypto'
import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import type { VmEnd, VmMemory } from '../../vmm/vmm.ts'
import { consoleLogName, consoleLogPattern, fakeFiles, folderTaken, startTimeOf } from './fake-files.ts'
import { type ControlCommand, type ControlEvent, lineReader } from './fake-protocol.ts'
import { PretendGuest } from './pretend-guest.ts'
import type { PretendMachine } from './pretend-shell.ts'
import { PretendTasks } from './pretend-tasks.ts'
import { PretendTerminal, type TerminalMemory } from './pretend-terminal.ts'
import { PretendWake, type WakeMemory } from './pretend-wake.ts'

/**
 * A pretend VM: a process of its own that outlives the server, as QEMU does. Arguments: the VM's folder, the run's id, the machine's name, its MiB of RAM,
 * and the state file of the snapshot that it resumes, if any. Machines named `fails-to-boot` do.
 */
const [folder = '', runId = '', name = '', ramMiB = '0', resumed] = process.argv.slice(2)
const files = fakeFiles(folder)
const bootMs = 200
const shutdownMs = 100
const longestLogBytes = 1024 * 1024

/** JSON of a state file. */
interface MachineMemory {
  readonly bootId: string
  readonly machineId: string
  readonly uptimeMs: number
  readonly wake: WakeMemory
  readonly serial: TerminalMemory | undefined
  readonly sessions: [string, TerminalMemory][]
}

class FakeMachine implements PretendMachine {
  readonly name = name
  bootId = ''
  /** A pretend drive has no files to keep it in: it is another one after a boot. */
  machineId = ''
  bootedAt = 0
  isPoweredOff = false
  wake = new PretendWake('')
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

  boot(): void {
    this.#log = join(folder, consoleLogName(lastLog() + 1))
    this.#loggedBytes = 0
    this.bootId = randomUUID()
    this.renewIdentity()
    this.bootedAt = Date.now()
    this.wake = new PretendWake(this.bootId)
    this.guest = new PretendGuest(this)
    this.print(`[    0.000000] Linux version 6.1.0-fake (a pretend machine)\r\n[    0.012000] Hostname ${name}\r\n`)
    this.#timer = setTimeout(() => {
      if (name === 'fails-to-boot') {
        this.print('[    0.200000] Kernel panic - not syncing: this machine fails to boot, as its name asks\r\n')
        return this.crash()
      }
      this.print(`\r\nPretend Linux ${name} ttyS0\r\n\r\n`)
      this.serial = this.#login()
      this.guest.up()
    }, bootMs)
  }

  resume(memory: MachineMemory): void {
    this.#log = join(folder, consoleLogName(Math.max(1, lastLog())))
    this.pausedAt = Date.now()
    this.bootId = memory.bootId
    this.machineId = memory.machineId
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
    }
    writeFileSync(ramFile, '')
    truncateSync(ramFile, Number(ramMiB) * 1024 * 1024)
    writeFileSync(stateFile, JSON.stringify(memory))
  }

  powerOff(): void {
    this.#down('The system is going down for power-off', () => {
      this.print('reboot: Power down\r\n')
      this.isPoweredOff = true
      writeEnd('powered-off')
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

  crash(): void {
    writeEnd('crashed')
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
}

function writeEnd(end: VmEnd): void {
  writeAtomically(files.end, end)
}

const lastLog = () =>
  Math.max(0, ...readdirSync(folder).flatMap((file) => (consoleLogPattern.test(file) ? Number(file.slice(8, 12)) : [])))

function writeAtomically(file: string, text: string): void {
  writeFileSync(`${file}.tmp`, text)
  renameSync(`${file}.tmp`, file)
}

function obey(machine: FakeMachine, command: ControlCommand): void {
  switch (command.command) {
    case 'power-button':
      machine.powerOff()
      break
    case 'add-layer': {
      const overlays = JSON.parse(readFileSync(files.overlays, 'utf8')) as string[]
      if (overlays[command.driveIndex] === undefined) throw new Error(`the VM has no drive number ${command.driveIndex}`)
      writeAtomically(files.overlays, JSON.stringify(overlays.with(command.driveIndex, command.file)))
      break
    }
    case 'pause':
      machine.pause()
      break
    case 'go-on':
      machine.goOn()
      break
    case 'save':
      machine.save(command.into)
      break
    case 'quit':
      process.exit(0)
  }
}

const listen = (server: Server, path: string) =>
  new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))

async function serve(path: string, take: (socket: Socket) => void): Promise<void> {
  rmSync(path, { force: true })
  await listen(
    createServer((socket) => {
      socket.on('error', () => {})
      take(socket)
    }),
    path,
  )
}

// An abstract socket (unix(7)) as a lock: the kernel frees it however the process ends.
await listen(createServer(), `\0ramet-fake ${folder}`).catch(() => process.exit(folderTaken))
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})
rmSync(files.end, { force: true })
const identity = { pid: process.pid, startTime: (await startTimeOf(process.pid)) ?? '' }
writeAtomically(files.pid, JSON.stringify(identity))

const machine = new FakeMachine()
if (resumed === undefined) machine.boot()
else machine.resume(JSON.parse(readFileSync(resumed, 'utf8')) as MachineMemory)
const heard = (take: (socket: Socket) => void) => (socket: Socket) => {
  machine.sockets.add(socket)
  socket.on('close', () => machine.sockets.delete(socket))
  take(socket)
  if (machine.pausedAt !== undefined) socket.pause()
}
await serve(
  files.guest,
  heard((socket) => machine.guest.take(socket)),
)
await serve(
  files.wake,
  heard((socket) => machine.wake.take(socket)),
)
const consoles = heard((socket) => {
  machine.consoles.add(socket)
  socket.on('data', (bytes) => machine.serial?.type(bytes))
  socket.on('close', () => machine.consoles.delete(socket))
})
await serve(files.console, consoles)
await serve(files.control, (socket) => {
  machine.holders.add(socket)
  socket.on('close', () => machine.holders.delete(socket))
  socket.write(
    `${JSON.stringify({ event: 'greeting', runId, machine: name, isPoweredOff: machine.isPoweredOff } satisfies ControlEvent)}\n`,
  )
  socket.on(
    'data',
    lineReader((line) => {
      const command = JSON.parse(line) as ControlCommand
      let error: string | undefined
      try {
        obey(machine, command)
      } catch (caught) {
        error = (caught as Error).message
      }
      const done: ControlEvent = {
        event: 'done',
        number: command.number,
        isRunning: machine.pausedAt === undefined,
        ...(error === undefined ? {} : { error }),
      }
      socket.write(`${JSON.stringify(done)}\n`)
    }),
  )
})

// A test that removes its home must leave no process behind.
setInterval(() => {
  if (!existsSync(files.pid) || (JSON.parse(readFileSync(files.pid, 'utf8')) as { pid: number }).pid !== process.pid)
    process.exit(1)
}, 1000)

import { randomUUID } from 'node:crypto'
import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import type { VmEnd } from '../vmm/vmm.ts'
import { consoleLogName, consoleLogPattern, fakeFiles, folderTaken, startTimeOf } from './fake-files.ts'
import { type ControlCommand, type ControlEvent, lineReader } from './fake-protocol.ts'
import { PretendGuest } from './pretend-guest.ts'
import type { PretendMachine } from './pretend-shell.ts'
import { PretendTasks } from './pretend-tasks.ts'
import { PretendTerminal } from './pretend-terminal.ts'
import { PretendWake } from './pretend-wake.ts'

/**
 * A pretend VM: a process of its own that outlives the server, as QEMU does. Arguments: the VM's folder, the run's id, the machine's name.
 * Machines named `fails-to-boot` do.
 */
const [folder = '', runId = '', name = ''] = process.argv.slice(2)
const files = fakeFiles(folder)
const bootMs = 200
const shutdownMs = 100
const longestLogBytes = 1024 * 1024

class FakeMachine implements PretendMachine {
  readonly name = name
  bootId = ''
  bootedAt = 0
  isPoweredOff = false
  wake = new PretendWake('')
  readonly tasks = new PretendTasks(this)
  guest = new PretendGuest(this)
  serial: PretendTerminal | undefined
  readonly consoles = new Set<Socket>()
  readonly holders = new Set<Socket>()
  #log = ''
  #loggedBytes = 0
  #timer: NodeJS.Timeout | undefined

  boot(): void {
    const numbers = readdirSync(folder)
      .filter((file) => consoleLogPattern.test(file))
      .map((file) => Number(file.slice(8, 12)))
    this.#log = join(folder, consoleLogName(Math.max(0, ...numbers) + 1))
    this.#loggedBytes = 0
    this.bootId = randomUUID()
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

  #login(): PretendTerminal {
    const terminal = new PretendTerminal(this, 'root')
    terminal.attach(
      (bytes) => this.print(bytes),
      () => {
        if (this.serial === terminal) this.serial = this.#login()
      },
    )
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

function writeAtomically(file: string, text: string): void {
  writeFileSync(`${file}.tmp`, text)
  renameSync(`${file}.tmp`, file)
}

function obey(machine: FakeMachine, command: ControlCommand): void {
  switch (command.command) {
    case 'power-button':
      machine.powerOff()
      break
    case 'add-layer':
      appendFileSync(files.addedLayers, `${command.driveIndex} ${command.file}\n`)
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
machine.boot()
await serve(files.guest, (socket) => machine.guest.take(socket))
await serve(files.wake, (socket) => machine.wake.take(socket))
await serve(files.console, (socket) => {
  machine.consoles.add(socket)
  socket.on('data', (bytes) => machine.serial?.type(bytes))
  socket.on('close', () => machine.consoles.delete(socket))
})
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
      obey(machine, command)
      socket.write(`${JSON.stringify({ event: 'done', number: command.number } satisfies ControlEvent)}\n`)
    }),
  )
})

// A test that removes its home must leave no process behind.
setInterval(() => {
  if (!existsSync(files.pid) || (JSON.parse(readFileSync(files.pid, 'utf8')) as { pid: number }).pid !== process.pid)
    process.exit(1)
}, 1000)

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { fakeFiles, folderTaken, startTimeOf, writeAtomically } from './fake-files.ts'
import { FakeMachine, type MachineMemory } from './fake-machine.ts'
import { type ControlCommand, type ControlEvent, lineReader } from './fake-protocol.ts'

/**
 * A pretend VM: a process of its own that outlives the server, as QEMU does. Arguments: the VM's folder, the run's id, the machine's name, its MiB of RAM,
 * and the state file of the snapshot that it resumes, if any.
 */
const [folder = '', runId = '', name = '', ramMiB = '0', resumed] = process.argv.slice(2)
const files = fakeFiles(folder)

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

const machine = new FakeMachine({ name, folder, ramMiB: Number(ramMiB) })
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
  heard((socket) => (machine.firstBoot ?? machine.wake).take(socket)),
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

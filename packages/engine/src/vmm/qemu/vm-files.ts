import { join } from 'node:path'

/** Names inside a VM's folder, which belongs to root: nothing of the VM's can enter it. */
export const vmFiles = (folder: string) => ({
  qmp: join(folder, 'qmp.sock'),
  guest: join(folder, 'ssh.sock'),
  wake: join(folder, 'wake.sock'),
  console: join(folder, 'console.sock'),
  /** The one folder that the VM sees: hard links to the files that it may write, and the socket of a cut. It can make no name in it. */
  own: join(folder, 'own'),
  /** Socket of a cut, to the splitter. */
  migration: join(folder, 'own', migrationName),
  /** Empty; the VM's root is mounted over it, in its own namespace. */
  root: join(folder, 'root'),
  /** `VmRecord` of the VM started last. */
  process: join(folder, 'vm.json'),
  /** Written by its keeper: `ProcessEnd`, empty while it runs. */
  exit: join(folder, 'exit.json'),
  /** {end}: how it ended; absent while it runs and when nobody saw its end. */
  end: join(folder, 'end.json'),
})

/** QEMU's own messages. */
export const messageLogName = 'qemu.log'
export const consoleLogName = (number: number) => `console-${number}.log`

export const migrationName = 'move.sock'

export const consoleLogPattern = /^console-(\d+)\.log$/

/** QEMU's `-name`, for people who look at processes. */
export const vmName = (runId: string, machine: string) => `${runId}/${machine}`

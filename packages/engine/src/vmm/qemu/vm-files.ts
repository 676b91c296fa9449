import { join } from 'node:path'

/** Names inside a VM's folder. */
export const vmFiles = (folder: string) => ({
  qmp: join(folder, 'qmp.sock'),
  guest: join(folder, 'ssh.sock'),
  wake: join(folder, 'wake.sock'),
  console: join(folder, 'console.sock'),
  /** Socket of a migration: to the splitter at a cut, to QEMU at a resume. */
  migration: join(folder, 'move.sock'),
  /** QEMU's own messages. */
  log: join(folder, 'qemu.log'),
  /** {pid, startTime} of the VM started last. */
  process: join(folder, 'vm.json'),
  /** {end}: how it ended; absent while it runs and when nobody saw its end. */
  end: join(folder, 'end.json'),
  consoleLog: (number: number) => join(folder, `console-${number}.log`),
})

export const consoleLogPattern = /^console-(\d+)\.log$/

/** QEMU's `-name`, which identifies the process as the VM of this run and machine. */
export const vmName = (runId: string, machine: string) => `${runId}/${machine}`

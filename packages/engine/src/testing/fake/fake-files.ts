import { renameSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What one pretend VM keeps in its folder. */
export const fakeFiles = (folder: string) => ({
  /** JSON of `ProcessIdentity`, written by the VM itself. */
  pid: join(folder, 'fake.pid'),
  /** How it ended, written by the VM itself unless it was killed. */
  end: join(folder, 'fake.end'),
  control: join(folder, 'control.sock'),
  guest: join(folder, 'guest.sock'),
  wake: join(folder, 'wake.sock'),
  console: join(folder, 'console.sock'),
  output: join(folder, 'fake.out'),
  /** JSON of the file that is each drive's overlay. */
  overlays: join(folder, 'overlays.json'),
  /** JSON of `PretendBoot`. */
  boot: join(folder, 'boot.json'),
})

/** Serial logs, one a boot: `console-0001.log`. */
export const consoleLogPattern = /^console-\d{4}\.log$/
export const consoleLogName = (number: number) => `console-${String(number).padStart(4, '0')}.log`

/** A pid alone may be somebody else's by now. `startTime`: in clock ticks since the host's boot (proc(5), stat, field 22). */
export interface ProcessIdentity {
  readonly pid: number
  readonly startTime: string
}

/** Undefined when there is no such process, or only its exit status is left. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The second field is the program's name and may hold anything, blanks and brackets too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

export async function isAlive({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  return (await startTimeOf(pid)) === startTime
}

/** For what a pretend VM writes: it does one thing at a time. */
export function writeAtomically(file: string, text: string, mode = 0o644): void {
  writeFileSync(`${file}.tmp`, text, { mode })
  renameSync(`${file}.tmp`, file)
}

/** Exit code of a pretend VM that found another one alive in its folder. */
export const folderTaken = 75

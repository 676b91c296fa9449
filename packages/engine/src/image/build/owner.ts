import { readFile } from 'node:fs/promises'

/**
 * A process as part of a file name: pid and start time (ticks since boot, proc_pid_stat(5)), so that a pid used again is not mistaken for it.
 * Whatever carries the name of an ended process is rubbish.
 */
export async function ownerTag(pid = process.pid): Promise<string> {
  return `${pid}-${(await startTime(pid)) ?? 0}`
}

export async function ownerLives(tag: string): Promise<boolean> {
  const [pid, started] = tag.split('-').map(Number)
  return pid !== undefined && (await startTime(pid)) === started
}

async function startTime(pid: number): Promise<number | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The second field, the program's name in parentheses, may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : Number(fields[19])
  } catch {
    return undefined
  }
}

import { readFile } from 'node:fs/promises'

/** USER_HZ, which Linux keeps at 100 on every architecture that we run on (time(7)). */
const ticksASecond = 100

/** Seconds of CPU that all threads of a process have used; undefined when it is gone. proc_pid_stat(5), fields 14 and 15. */
export async function cpuSecondsOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The name in field 2 may hold blanks and brackets.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields && (Number(fields[11]) + Number(fields[12])) / ticksASecond
}

/** Takes a process off the CPU (SIGSTOP), or lets it go on (SIGCONT). One that has ended meanwhile is left alone. It can still be killed. */
export function setStopped(pid: number, isStopped: boolean): void {
  try {
    process.kill(pid, isStopped ? 'SIGSTOP' : 'SIGCONT')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

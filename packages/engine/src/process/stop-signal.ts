/** Stops a process (SIGSTOP) or lets it go on (SIGCONT). A stopped process can still be killed. Does nothing when the process has ended. */
export function setStopped(pid: number, isStopped: boolean): void {
  try {
    process.kill(pid, isStopped ? 'SIGSTOP' : 'SIGCONT')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

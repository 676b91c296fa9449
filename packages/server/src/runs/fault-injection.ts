/**
 * For crash tests: with RAMET_CRASH_AFTER=start/make-tops the server ends itself with SIGKILL right after that step, once it did something.
 * A SIGKILL of our own is the same to the world as anybody's: no handler, no exit hook, nothing flushed.
 */
export function crashAfter(stepName: string | undefined): (name: string) => void {
  return (name) => {
    if (name === stepName) process.kill(process.pid, 'SIGKILL')
  }
}

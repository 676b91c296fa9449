/**
 * For crash tests: with RAMET_CRASH_AFTER=start/make-overlays the server ends itself with SIGKILL right after that step, once it did something.
 * A SIGKILL of our own is the same to the world as anybody's: no handler, no exit hook, nothing flushed.
 */
export function crashAfter(stepName: string | undefined): (name: string) => void {
  return (name) => {
    if (name === stepName) process.kill(process.pid, 'SIGKILL')
  }
}

/** The same with RAMET_HALT_AFTER, at which it only stops until it gets SIGCONT: so that a test can end something else at that very moment. Once. */
export function haltAfter(stepName: string | undefined): (name: string) => void {
  let isDone = false
  return (name) => {
    if (name !== stepName || isDone) return
    isDone = true
    process.kill(process.pid, 'SIGSTOP')
  }
}

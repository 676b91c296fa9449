/**
 * For crash tests: with RAMET_CRASH_AFTER=start/make-overlays the server ends itself with SIGKILL right after that step, once it did something.
 * It has the effect of any SIGKILL: no handler, no exit hook, nothing flushed.
 */
export function crashAfter(stepName: string | undefined): (name: string) => void {
  return (name) => {
    if (name === stepName) process.kill(process.pid, 'SIGKILL')
  }
}

/** RAMET_HALT_AFTER stops the server once after that step until it gets SIGCONT, so that a test can kill something else at that moment. */
export function haltAfter(stepName: string | undefined): (name: string) => void {
  let isDone = false
  return (name) => {
    if (name !== stepName || isDone) return
    isDone = true
    process.kill(process.pid, 'SIGSTOP')
  }
}

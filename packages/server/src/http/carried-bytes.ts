/** Of every so many bytes that went through, what is left of their buffers is collected. */
const collectEvery = 2 * 1024 * 1024

let carried = 0

/**
 * Notes bytes that were read to be passed on. Their buffers lie outside of V8's heap, where they hardly count: of a fast connection 60 MiB of them wait to be collected (measured; with this 10 to 15), and
 * the kernel gives such memory back late. A collection of what is young takes a millisecond. Does nothing in a process without `--expose-gc`.
 */
export function noteCarried(bytes: number): void {
  carried += bytes
  if (carried < collectEvery) return
  carried = 0
  void globalThis.gc?.({ type: 'minor', execution: 'sync' })
}

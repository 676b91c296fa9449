type Write = (bytes: Uint8Array, done: () => void) => void

/**
 * Output on its way into xterm, which parses later and calls back. Resolves at once while less than `highWaterBytes` wait, so that many
 * small frames do not cost a timer each; beyond that it resolves when enough is parsed, so that the acknowledgements (and with them the
 * guest) keep the terminal's pace.
 */
export function boundedWrites(write: Write, highWaterBytes = 64 * 1024): (bytes: Uint8Array) => Promise<void> {
  let waitingBytes = 0
  let released: (() => void)[] = []
  return (bytes) => {
    waitingBytes += bytes.length
    write(bytes, () => {
      waitingBytes -= bytes.length
      if (waitingBytes >= highWaterBytes) return
      for (const release of released) release()
      released = []
    })
    if (waitingBytes < highWaterBytes) return Promise.resolve()
    return new Promise((resolve) => released.push(resolve))
  }
}

import type { WebSocket } from 'ws'

/** Waits for a resource; undefined when the client leaves first, and the resource is then disposed of. */
export async function untilGone<T>(socket: WebSocket, opening: Promise<T>, dispose: (late: T) => void): Promise<T | undefined> {
  let isGone = socket.readyState !== socket.OPEN
  const gone = Promise.withResolvers<undefined>()
  const leave = () => {
    isGone = true
    gone.resolve(undefined)
  }
  socket.once('close', leave)
  if (isGone) leave()
  const guarded = opening.then((opened) => {
    if (!isGone) return opened
    dispose(opened)
    return undefined
  })
  try {
    return await Promise.race([guarded, gone.promise])
  } finally {
    socket.off('close', leave)
    if (isGone) guarded.catch(() => {})
  }
}

import { WebSocket } from 'ws'

/** What Node 20 lacks of what the code uses. In newer ones nothing of it takes effect. */
const missing = <T extends object>(target: T, name: PropertyKey, value: unknown): void => {
  if (!(name in target)) Object.defineProperty(target, name, { value, configurable: true, writable: true })
}

/** A browser's websocket has no listener that must be there; that of the library ends the process without one. */
class QuietWebSocket extends WebSocket {
  constructor(address: string | URL, options?: object) {
    super(address, options as WebSocket.ClientOptions)
    this.on('error', () => {})
  }
}

missing(globalThis, 'WebSocket', QuietWebSocket)
missing(Promise, 'withResolvers', function withResolvers<T>() {
  let resolve: unknown
  let reject: unknown
  const promise = new Promise<T>((first, second) => {
    resolve = first
    reject = second
  })
  return { promise, resolve, reject }
})
missing(URL, 'parse', (address: string, base?: string) => {
  try {
    return new URL(address, base)
  } catch {
    return null
  }
})
missing(RegExp, 'escape', (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))

import { WebSocket as LibraryWebSocket } from 'ws'

/** What Node 20 lacks of what the client uses, for the package that is made of it (`npm run pack`). Nothing global is changed: the bundler puts these in the place of the names. */

/** A browser's websocket has no listener that must be there; that of the library ends the process without one. */
class QuietWebSocket extends LibraryWebSocket {
  constructor(address: string | URL, options?: object) {
    super(address, options as LibraryWebSocket.ClientOptions)
    this.on('error', () => {})
  }
}

export const WebSocket: typeof globalThis.WebSocket =
  globalThis.WebSocket ?? (QuietWebSocket as unknown as typeof globalThis.WebSocket)

export function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve: PromiseWithResolvers<T>['resolve'] = () => {}
  let reject: PromiseWithResolvers<T>['reject'] = () => {}
  const promise = new Promise<T>((first, second) => {
    resolve = first
    reject = second
  })
  return { promise, resolve, reject }
}

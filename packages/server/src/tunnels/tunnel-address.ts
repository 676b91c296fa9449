import { invalidInput } from '@ramet/model/errors/errors.ts'

/** What a websocket of a tunnel is: a connection to a port, a listener in the machine, or one of the connections that came to such a listener. */
export type TunnelAddress =
  | { readonly kind: 'dial' | 'listen' /** Empty: the machine itself. */; readonly host: string; readonly port: number }
  | { readonly kind: 'connect'; readonly connection: string }

/** Reads what a client of wsmux wants: base64 of `HOST:PORT`, `dial:HOST:PORT`, `listen:HOST:PORT` or `connect:ID`. Throws `invalid_input`. */
export function readTunnelAddress(encoded: string): TunnelAddress {
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const connection = /^connect:([\w-]{1,64})$/.exec(text)?.[1]
  if (connection !== undefined) return { kind: 'connect', connection }
  const found = /^(?:(dial|listen):)?(\[[^\]]*\]|[^:\s]*):(\d{1,5})$/.exec(text)
  const kind = found?.[1] === 'listen' ? 'listen' : 'dial'
  const port = Number(found?.[3])
  // 0: any port that is free.
  if (!found || port < (kind === 'dial' ? 1 : 0) || port > 65535)
    throw invalidInput(
      `${JSON.stringify(text.slice(0, 200))} is not an address that a tunnel leads to.`,
      'address',
      'Ask for HOST:PORT, listen:HOST:PORT or connect:ID, in base64.',
    )
  return { kind, host: (found[2] ?? '').replace(/^\[|\]$/g, ''), port }
}

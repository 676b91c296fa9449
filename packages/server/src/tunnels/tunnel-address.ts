import { invalidInput } from '@ramet/model/errors/errors.ts'

export interface TunnelAddress {
  /** Empty: the machine itself. */
  readonly host: string
  readonly port: number
}

/**
 * Reads what a client of wsmux wants to be connected with: base64 of `HOST:PORT` or `dial:HOST:PORT`. The protocol's `listen:` and `connect:` (a port of the machine that the client
 * serves) are refused with `invalid_input`.
 */
export function readTunnelAddress(encoded: string): TunnelAddress {
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const found = /^(?:dial:)?(\[[^\]]*\]|[^:\s]*):(\d{1,5})$/.exec(text)
  const port = Number(found?.[2])
  if (!found || port < 1 || port > 65535)
    throw invalidInput(
      `${JSON.stringify(text.slice(0, 200))} is not an address that a tunnel leads to.`,
      'address',
      'Ask for HOST:PORT. Ports of the machine that your side serves (-R) are not there yet.',
    )
  return { host: (found[1] ?? '').replace(/^\[|\]$/g, ''), port }
}

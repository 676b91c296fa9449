import type { IncomingMessage } from 'node:http'
import { pages } from '@ramet/model/api/routes.ts'

export interface AppAddress {
  readonly endpoint: string
  /** Configured; it goes before what a request tells. */
  readonly publicUrl: string | undefined
  readonly isSecure: boolean
}

/** The page that lets whoever asked a port's host in: on the server's own name, by the door by which the port was asked. */
export function enterUrl(
  { endpoint, publicUrl, isSecure }: AppAddress,
  { headers }: IncomingMessage,
  name: string,
  to: string,
): string {
  const { hostname } = new URL(endpoint)
  const port = /:\d{1,5}$/.exec(headers.host ?? '')?.[0] ?? ''
  return (publicUrl ?? `${isSecure ? 'https' : 'http'}://${hostname}${port}`) + pages.enterPort(name, to)
}

import type { IncomingMessage } from 'node:http'
import { invalidInput } from '@ramet/model/errors/errors.ts'

/** What one server could read otherwise than the next: two hosts, another server's URL, methods about connections. Throws invalid_input. */
export function checkForm({ method, url, headersDistinct, rawHeaders }: IncomingMessage): void {
  const hosts = rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === 'host').length
  if (hosts !== 1) throw invalidInput('A request names one host.')
  if (!url?.startsWith('/')) throw invalidInput('A request to a published port names a path.')
  if (method === 'CONNECT' || method === 'TRACE') throw invalidInput(`${method} is not passed on.`)
  if (headersDistinct['content-length'] && headersDistinct['transfer-encoding']) throw invalidInput('A body has one length.')
}

/** A path on this host: never one that a browser takes for another host. */
export const pathFor = (to: string | null): string => (to?.startsWith('/') && !/^[/\\]{2}/.test(to) ? to : '/')

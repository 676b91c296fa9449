import { type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http'
import { Agent, request as secureRequest } from 'node:https'
import type { RametError } from '@ramet/model/errors/error.ts'
import type { RegistryLimits } from './limits.ts'
import { registryFailed, registryUnreachable } from './registry-errors.ts'

export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** As errors call it: `the manifest of oci://…`. */
  readonly what: string
  /** Certificates of authorities, as PEM, beside those that Node knows. */
  readonly authorities: (host: string) => Promise<readonly string[]>
  readonly limits: RegistryLimits
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks, and follows redirects; the body is the caller's to read. The Authorization header goes to the first host alone. Plain HTTP is for this
 * machine alone, and nothing that began elsewhere is led to it. Throws `registry_unreachable`, `registry_failed`.
 */
export async function ask(request: RegistryRequest): Promise<IncomingMessage> {
  const { limits, what } = request
  let { url } = request
  let headers = request.headers
  for (let redirects = 0; ; redirects++) {
    refuseUnsafe(url, request)
    const answer = await askOnce({ ...request, url, headers })
    const status = answer.statusCode ?? 0
    const target = answer.headers.location
    if (![301, 302, 303, 307, 308].includes(status) || target === undefined) return answer
    answer.destroy()
    if (redirects === limits.redirects)
      throw registryFailed(request.url.host, what, `it redirects more than ${limits.redirects} times.`)
    const next = URL.canParse(target, url) ? new URL(target, url) : undefined
    if (!next || !/^https?:$/.test(next.protocol))
      throw registryFailed(request.url.host, what, 'it redirects to what is no address.')
    if (isLoopback(next) && !isLoopback(request.url))
      throw registryFailed(request.url.host, what, `it redirects to ${next.host}, which is this machine.`)
    if (next.origin !== url.origin) {
      const { authorization: _, ...others } = headers
      headers = others
    }
    url = next
  }
}

export const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)

function refuseUnsafe(url: URL, { what, url: first }: RegistryRequest): void {
  if (url.protocol === 'http:' && !isLoopback(url))
    throw registryFailed(first.host, what, `${url.host} speaks plain HTTP, which is for this machine alone.`)
  if (url.username !== '' || url.password !== '')
    throw registryFailed(first.host, what, 'it redirects to an address with a password.')
}

async function askOnce({ method, url, headers, what, authorities, limits, signal }: RegistryRequest): Promise<IncomingMessage> {
  signal?.throwIfAborted()
  const own = url.protocol === 'https:' ? await authorities(url.host) : []
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const options = {
    method,
    headers: { 'user-agent': 'ramet', ...headers },
    agent: agentFor(url),
    ...(own.length > 0 ? { ca: await withOwn(own) } : {}),
  }
  const sent: ClientRequest = (url.protocol === 'https:' ? secureRequest : plainRequest)(url, options, resolve)
  const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${limits.answerMs / 1000} s`)), limits.answerMs)
  const abort = () => sent.destroy()
  signal?.addEventListener('abort', abort, { once: true })
  // Until its body ends, so that a cancelled pull lets go of it.
  sent.on('close', () => signal?.removeEventListener('abort', abort))
  sent.on('error', reject)
  sent.end()
  try {
    return await promise
  } catch (error) {
    signal?.throwIfAborted()
    throw unreachable(url, what, error)
  } finally {
    clearTimeout(timer)
  }
}

/** A connection of its own each, by the host's proxy where its environment names one (https_proxy, no_proxy); to this machine never by one. */
const agentFor = (url: URL): Agent | false =>
  url.protocol === 'https:' && !isLoopback(url) ? new Agent({ proxyEnv: process.env }) : false

function unreachable(url: URL, what: string, error: unknown): RametError {
  const { code, message } = error as NodeJS.ErrnoException
  const known: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there.',
    ENOTFOUND: 'its name is not known.',
    EAI_AGAIN: 'its name cannot be looked up now.',
    ETIMEDOUT: 'it does not answer.',
    ENETUNREACH: 'there is no way to it.',
    EHOSTUNREACH: 'there is no way to it.',
    ECONNRESET: 'it broke off.',
  }
  const certificate = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code ?? '')
    ? `${message} (put its authority into /etc/docker/certs.d/${url.host}/ca.crt).`
    : undefined
  return registryUnreachable(url.host, what, known[code ?? ''] ?? certificate ?? `${message || code}.`, error)
}

async function withOwn(own: readonly string[]): Promise<string[]> {
  const { rootCertificates } = await import('node:tls')
  return [...rootCertificates, ...own]
}

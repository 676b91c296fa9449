import { isOwnCookie } from './port-cookie.ts'

/** Headers as Node tells them apart: each name in lower case, with all its values. */
export type Headers = Readonly<Partial<Record<string, readonly string[]>>>
export type Passed = Record<string, string | string[]>

/** About one connection, not about a request (RFC 9110, 7.6.1). */
const ofConnection: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Answered here, or said anew: a client must not say by which way it came. */
const notAsked: ReadonlySet<string> = new Set(['host', 'expect', 'forwarded', 'x-real-ip', 'http2-settings'])

/**
 * Of an answer: what would reach beyond the port's own host (Clear-Site-Data takes cookies of the whole domain along; Alt-Svc and HSTS are about this server, not about the guest), and what
 * a proxy before this server would take for an order to send a file of its own.
 */
const notAnswered =
  /^(alt-svc|clear-site-data|strict-transport-security|public-key-pins.*|x-accel-.*|x-sendfile|x-lighttpd-.*|nel|report-to)$/

export interface RequestRules {
  /** The Host that the guest is asked for. */
  readonly host: string
  /** As the client asked: `https://NAME.DOMAIN:PORT`. */
  readonly origin: string
  /** The guest's own, when it is asked for another host. */
  readonly upstreamOrigin: string | undefined
  readonly address: string
  /** The Authorization was for this server. */
  readonly isOwnAuthorization: boolean
}

/** What of a request goes to the guest: never a credential of this server. */
export function requestHeaders(headers: Headers, rules: RequestRules): Passed {
  const named = namedByConnection(headers)
  const passed: Passed = {}
  for (const [name, values = []] of Object.entries(headers)) {
    if (ofConnection.has(name) || notAsked.has(name) || named.has(name) || name.startsWith('x-forwarded-')) continue
    if (name === 'authorization' && rules.isOwnAuthorization) continue
    passed[name] = one(name === 'cookie' ? othersCookies(values) : values)
  }
  if (Array.isArray(passed.cookie) && passed.cookie.length === 0) delete passed.cookie
  if (headers['transfer-encoding'] && !headers['content-length']) passed['transfer-encoding'] = 'chunked'
  if (passed.origin === rules.origin && rules.upstreamOrigin !== undefined) passed.origin = rules.upstreamOrigin
  const { protocol, host } = new URL(rules.origin)
  return {
    ...passed,
    host: rules.host,
    'x-forwarded-for': rules.address,
    'x-forwarded-host': host,
    'x-forwarded-proto': protocol.slice(0, -1),
  }
}

export interface AnswerRules {
  readonly origin: string
  /** Hosts by which the guest may call itself. */
  readonly upstreamHosts: ReadonlySet<string>
}

/** What of a guest's answer goes to the client. */
export function answerHeaders(headers: Headers, { origin, upstreamHosts }: AnswerRules): Passed {
  const named = namedByConnection(headers)
  const passed: Passed = {}
  for (const [name, values = []] of Object.entries(headers)) {
    if (ofConnection.has(name) || notAnswered.test(name) || named.has(name)) continue
    if (name === 'set-cookie') {
      const kept = values.flatMap(guestsCookie)
      if (kept.length > 0) passed[name] = kept
    } else if (name === 'location') passed[name] = one(values.map((value) => location(value, origin, upstreamHosts)))
    else passed[name] = one(values)
  }
  return passed
}

const one = (values: readonly string[]): string | string[] => {
  const [first] = values
  return values.length === 1 && first !== undefined ? first : [...values]
}

/** Headers that Connection names are about the connection too. The length is not: without it the next hop would read the body as a request of its own. */
const namedByConnection = ({ connection = [] }: Headers): ReadonlySet<string> =>
  new Set(
    connection
      .flatMap((value) => value.split(',').map((name) => name.trim().toLowerCase()))
      .filter((name) => name !== 'content-length'),
  )

function othersCookies(values: readonly string[]): string[] {
  const kept = values
    .flatMap((value) => value.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '' && !isOwnCookie(pair.split('=')[0] ?? ''))
  return kept.length === 0 ? [] : [kept.join('; ')]
}

/** Without `Domain`, so that it is the port's own host's alone. */
function guestsCookie(text: string): string[] {
  const [pair = '', ...attributes] = text.split(';')
  if (isOwnCookie(pair.split('=')[0] ?? '')) return []
  return [[pair, ...attributes.filter((attribute) => !/^\s*domain\s*(=|$)/i.test(attribute))].join(';')]
}

/** A redirect of the guest to its own address leads to the published one. */
function location(value: string, origin: string, upstreamHosts: ReadonlySet<string>): string {
  const url = /^https?:\/\//i.test(value) ? URL.parse(value) : null
  return url && upstreamHosts.has(url.host) ? `${origin}${url.pathname}${url.search}${url.hash}` : value
}

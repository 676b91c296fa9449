/** One WWW-Authenticate header (RFC 9110, 11.6.1), as registries send it. */
export interface Challenge {
  readonly scheme: 'basic' | 'bearer'
  readonly parameters: Readonly<Record<string, string>>
}

/** Undefined for a scheme that is neither. */
export function parseChallenge(header: string): Challenge | undefined {
  const match = /^\s*(basic|bearer)\b(.*)$/is.exec(header.slice(0, 8192))
  if (!match) return undefined
  const parameters: Record<string, string> = {}
  for (const [, name = '', quoted, plain] of (match[2] ?? '').matchAll(/([a-z_]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/gi))
    parameters[name.toLowerCase()] ??= quoted ?? plain ?? ''
  return { scheme: (match[1] as string).toLowerCase() as Challenge['scheme'], parameters }
}

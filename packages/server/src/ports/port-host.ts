/**
 * The first label of a Host header that is right below the domain of published ports, in lower case; undefined for any other host. One label alone, and in one spelling: what is
 * not told apart here is the app's, which answers a browser's credentials by its own names only.
 */
export function portNameOf(host: string | undefined, domain: string): string | undefined {
  const [, name, below] = /^([A-Za-z0-9-]{1,63})\.([A-Za-z0-9.-]+)(?::\d{1,5})?$/.exec(host ?? '') ?? []
  return below?.toLowerCase() === domain ? name?.toLowerCase() : undefined
}

/** The host of a published port for whoever asked a server by `host`: with the same port. */
export function portHost(name: string, domain: string, host: string | undefined): string {
  const port = /:\d{1,5}$/.exec(host ?? '')?.[0] ?? ''
  return `${name}.${domain}${port}`
}

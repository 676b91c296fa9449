import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  Client,
  type OAuthClientInformationMixed,
  type OAuthClientProvider,
  type OAuthTokens,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { routes } from '@ramet/model/api/routes.ts'
import { until } from './processes.ts'

/** A website of the agent's: it takes codes, and leads wherever `/?to=URL` says, by a link and as a form. */
export async function agentSite() {
  const taken: URLSearchParams[] = []
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    if (pathname === '/callback') taken.push(searchParams)
    const to = (searchParams.get('to') ?? '').replaceAll('&', '&amp;').replaceAll('"', '&quot;')
    response.setHeader('content-type', 'text/html')
    response.end(
      `<!doctype html><h1>The agent</h1><a href="${to}">lead</a><form method="post" action="${to}"><button>post</button></form>`,
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    callback: `http://127.0.0.1:${port}/callback`,
    /** Another site than 127.0.0.1 to a browser. */
    leadingTo: (url: string) => `http://localhost:${port}/?to=${encodeURIComponent(url)}`,
    /** What came to the callback, once something has. */
    answer: () => until('the answer to the agent', () => taken.shift(), 20_000),
    heard: () => taken.length,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The official client, which logs in by OAuth: it keeps in memory what it is given. */
export function oauthAgent(endpoint: string, redirectUrl: string, query = '') {
  let information: OAuthClientInformationMixed | undefined
  let tokens: OAuthTokens | undefined
  let verifier = ''
  let discovery: Awaited<ReturnType<NonNullable<OAuthClientProvider['discoveryState']>>>
  const asked: URL[] = []
  const provider: OAuthClientProvider = {
    redirectUrl,
    clientMetadata: { client_name: 'The tester’s <agent>', redirect_uris: [redirectUrl], token_endpoint_auth_method: 'none' },
    state: () => 'a state & more',
    clientInformation: () => information,
    saveClientInformation: (given) => {
      information = given
    },
    tokens: () => tokens,
    saveTokens: (given) => {
      tokens = given
    },
    redirectToAuthorization: (url) => void asked.push(url),
    saveCodeVerifier: (given) => {
      verifier = given
    },
    codeVerifier: () => verifier,
    discoveryState: () => discovery,
    saveDiscoveryState: (given) => {
      discovery = given
    },
    invalidateCredentials: (which) => {
      if (which === 'all' || which === 'tokens') tokens = undefined
      if (which === 'all' || which === 'client') information = undefined
    },
  }
  const transport = () => new StreamableHTTPClientTransport(new URL(routes.mcp() + query, endpoint), { authProvider: provider })
  return {
    asked,
    get clientId() {
      return information?.client_id ?? ''
    },
    get verifier() {
      return verifier
    },
    get tokens() {
      return tokens
    },
    /** Its access token is no longer good; what renews it is. */
    forgetAccess() {
      if (tokens) tokens = { ...tokens, access_token: 'old' }
    },
    finish: (answer: URLSearchParams) => transport().finishAuth(answer),
    async connect() {
      const client = new Client({ name: 'test', version: '1' })
      await client.connect(transport())
      return client
    },
  }
}

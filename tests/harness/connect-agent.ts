import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { routes } from '@ramet/model/api/routes.ts'
import type { TestServer } from './server.ts'

export interface Agent extends AsyncDisposable {
  readonly client: Client
  /** What the tool answers with, as data. Throws what it says went wrong. */
  // biome-ignore lint/suspicious/noExplicitAny: an answer may be anything; the assertions say what it has to be.
  call<T = any>(name: string, input?: Record<string, unknown>, onProgress?: (message: string) => void): Promise<T>
}

/** The official client of the Model Context Protocol. `legacy`: as clients were before the protocol of 2026. */
export async function connectAgent(
  server: Pick<TestServer, 'endpoint'>,
  { era = 'auto', token }: { era?: 'auto' | 'legacy'; token: string | undefined },
): Promise<Agent> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: era } })
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  await client.connect(new StreamableHTTPClientTransport(new URL(routes.mcp(), server.endpoint), { requestInit: { headers } }))
  return {
    client,
    async call(name, input = {}, onProgress) {
      const { isError, structuredContent, content } = await client.callTool(
        { name, arguments: input },
        { timeout: 120_000, ...(onProgress ? { onprogress: ({ message }) => onProgress(message ?? '') } : {}) },
      )
      if (isError) throw new Error(`${name}: ${JSON.stringify(content)}`)
      return structuredContent as never
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}

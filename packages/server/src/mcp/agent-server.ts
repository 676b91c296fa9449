import {
  type CallToolResult,
  type Tool as ListedTool,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { auditedTools } from '@ramet/model/access/audited.ts'
import { includesScope } from '@ramet/model/access/scopes.ts'
import { insufficientScope } from '@ramet/model/errors/errors.ts'
import { z } from 'zod'
import type { OpenCounts } from '../access/open-counts.ts'
import { tellFailure } from '../audit/tell-failure.ts'
import { validate } from '../http/validate.ts'
import type { Services, User } from '../services.ts'
import { sayError } from './say-error.ts'
import type { ToolScope } from './scopes.ts'
import type { Tool } from './tool.ts'
import { tools } from './tools.ts'

export interface AgentServerOptions {
  readonly services: Services
  readonly counts: OpenCounts
  readonly version: string
  /** Where the request comes from. */
  readonly address: string | undefined
  /** Undefined: a stranger, who may see which tools there are. */
  readonly user: User | undefined
  readonly scopes: ReadonlySet<ToolScope>
  /** Fires when the user's credentials are not valid any more. */
  readonly signal: AbortSignal
  /** Told of faults of ours, which the client gets no details of. */
  failed(error: unknown): void
}

const instructions = `Ramet runs playgrounds of real Linux virtual machines. start_play starts a run and waits until it is ready; run_shell_command, read_file and write_file work in its machines. A running run is cloned live with memory and processes by clone_play, or tried several ways at once by branch_play; compare_plays tells where the ways differ. stop_play keeps everything, memory too. destroy_play what is no longer needed.`

/** Schemas are made once: a server is made for each request. */
const listed: ReadonlyMap<string, { readonly tool: Tool; readonly shown: ListedTool }> = new Map(
  tools.map((tool) => [tool.name, { tool, shown: show(tool) }]),
)

/** The MCP server of one request. It holds nothing between two. */
export function agentServer(options: AgentServerOptions): Server {
  const { services, counts, version, user, scopes, signal, address, failed } = options
  const server = new Server(
    { name: 'ramet', title: 'Ramet', version },
    {
      capabilities: { tools: {} },
      instructions,
      // Only needed for what a server asks of a client, which ours never does; the default one costs a compiler for each request.
      jsonSchemaValidator: {
        getValidator: () => () => ({ valid: false, data: undefined, errorMessage: 'Nothing is asked of clients.' }),
      },
    },
  )
  server.setRequestHandler('tools/list', () => ({
    tools: [...listed.values()].filter(({ tool }) => scopes.has(tool.scope)).map(({ shown }) => shown),
  }))
  server.setRequestHandler('tools/call', async ({ params }, context): Promise<CallToolResult> => {
    const found = listed.get(params.name)?.tool
    if (!found || !scopes.has(found.scope) || !user) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool ${JSON.stringify(params.name.slice(0, 100))}.`)
    }
    try {
      const audited = auditedTools[found.name]
      const entry =
        typeof audited === 'string' ? services.audit.begin(audited, address).by(user).about(aboutTool(found, params)) : undefined
      const answer = await tellFailure(entry, async () => {
        // Told by name; the services would refuse it as if there were nothing.
        if (user.scopes && !includesScope(user.scopes, found.scope)) throw insufficientScope(found.scope)
        const input = validate(found.input, params.arguments ?? {})
        const either = AbortSignal.any([signal, context.mcpReq.signal])
        const asking = entry ? { ...user, entry } : user
        return found.run(input, { user: asking, services, counts, signal: either, tell: tellBy(context) })
      })
      await entry?.done()
      return toResult(answer)
    } catch (error) {
      const body = sayError(error)
      if (body.code === 'internal_error') failed(error)
      return { ...toResult({ error: body }), isError: true }
    }
  })
  return server
}

/** What a tool is about, as far as its input says so. */
const aboutTool = ({ name }: Tool, { arguments: input = {} }: { readonly arguments?: Record<string, unknown> | undefined }) => ({
  subject: [input.play_id, input.playground].find((each) => typeof each === 'string'),
  detail: `by the tool ${name}`,
})

/** As data for programs, and as text for models that are shown nothing else. */
const toResult = (answer: Readonly<Record<string, unknown>>): CallToolResult => ({
  content: [{ type: 'text', text: JSON.stringify(answer) }],
  structuredContent: answer,
})

/** Progress goes to a client that asked for it, on the stream of its request. */
function tellBy({ mcpReq }: ServerContext): (message: string) => void {
  const token = mcpReq._meta?.progressToken
  if (token === undefined) return () => {}
  let progress = 0
  return (message) => {
    progress += 1
    // Whoever has left needs no progress.
    mcpReq.notify({ method: 'notifications/progress', params: { progressToken: token, progress, message } }).catch(() => {})
  }
}

function show({ name, title, description, scope, input }: Tool): ListedTool {
  const { $schema: _, ...inputSchema } = z.toJSONSchema(input, { io: 'input' })
  const annotations = {
    title,
    readOnlyHint: scope === 'playground:read',
    destructiveHint: scope === 'playground:write',
    openWorldHint: false,
  }
  return { name, title, description, inputSchema: inputSchema as ListedTool['inputSchema'], annotations }
}

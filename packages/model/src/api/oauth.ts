import { z } from 'zod'
import { lineSchema, wordSchema } from '../units/plain-text.ts'

/** How agents log in: OAuth 2.1 as the Model Context Protocol wants it. Names and words are those of the RFCs. */

/** RFC 9728. */
export const protectedResourceSchema = z.object({
  resource: z.string(),
  resource_name: z.string(),
  authorization_servers: z.array(z.string()),
  scopes_supported: z.array(z.string()),
  bearer_methods_supported: z.array(z.string()),
})

/** RFC 8414. */
export const authorizationServerSchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  registration_endpoint: z.string(),
  revocation_endpoint: z.string(),
  scopes_supported: z.array(z.string()),
  response_types_supported: z.array(z.string()),
  response_modes_supported: z.array(z.string()),
  grant_types_supported: z.array(z.string()),
  token_endpoint_auth_methods_supported: z.array(z.string()),
  revocation_endpoint_auth_methods_supported: z.array(z.string()),
  code_challenge_methods_supported: z.array(z.string()),
  authorization_response_iss_parameter_supported: z.boolean(),
})

/** RFC 7591: what of a registration is used. The rest is what every agent gets. */
export const registerAgentSchema = z.object({
  client_name: lineSchema(1, 100).default('An agent without a name'),
  redirect_uris: z.array(wordSchema(500)).min(1).max(5),
})
export interface RegisteredAgent {
  readonly name: string
  readonly redirectUris: readonly string[]
}

export const registeredAgentSchema = z.object({
  client_id: z.string(),
  client_name: z.string(),
  redirect_uris: z.array(z.string()),
  grant_types: z.array(z.string()),
  response_types: z.array(z.string()),
  token_endpoint_auth_method: z.string(),
})

const word = wordSchema(4000).optional()

/** RFC 6749 (4.1.1), 7636 and 8707. What is missing is told where the client expects it. */
export const authorizeSchema = z.object({
  client_id: word,
  redirect_uri: word,
  response_type: word,
  code_challenge: word,
  code_challenge_method: word,
  scope: lineSchema(0, 1000).optional(),
  state: lineSchema(0, 2000).optional(),
  resource: word,
})
export type Authorize = z.output<typeof authorizeSchema>

export const agentTokenRequestSchema = z.object({
  grant_type: word,
  code: word,
  redirect_uri: word,
  client_id: word,
  code_verifier: word,
  refresh_token: word,
  scope: lineSchema(0, 1000).optional(),
  resource: word,
})

export const agentTokensSchema = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  /** Seconds. */
  expires_in: z.number(),
  refresh_token: z.string(),
  scope: z.string(),
})
export type AgentTokens = z.infer<typeof agentTokensSchema>

/** RFC 7009. */
export const revokeAgentSchema = z.object({ token: wordSchema(4000), token_type_hint: word, client_id: word })

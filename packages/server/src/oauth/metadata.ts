import { routes } from '@ramet/model/api/routes.ts'
import { toolScopes } from '../mcp/scopes.ts'

/** `issuer`: the server's address as the client knows it. It may have several; each is one of its own to whoever comes by it. */
export const mcpAddress = (issuer: string): string => issuer + routes.mcp()

/** True for the address of /mcp, whatever its query leaves out. */
export function sameResource(resource: string, issuer: string): boolean {
  const url = URL.parse(resource)
  return url !== null && !resource.includes('#') && url.origin + url.pathname === URL.parse(mcpAddress(issuer))?.href
}

export const protectedResource = (issuer: string) => ({
  resource: mcpAddress(issuer),
  resource_name: 'Ramet',
  authorization_servers: [issuer],
  scopes_supported: [...toolScopes],
  bearer_methods_supported: ['header'],
})

export const authorizationServer = (issuer: string) => ({
  issuer,
  authorization_endpoint: issuer + routes.authorizeAgent(),
  token_endpoint: issuer + routes.agentTokens(),
  registration_endpoint: issuer + routes.registerAgent(),
  revocation_endpoint: issuer + routes.revokeAgent(),
  scopes_supported: [...toolScopes],
  response_types_supported: ['code'],
  response_modes_supported: ['query'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_methods_supported: ['none'],
  revocation_endpoint_auth_methods_supported: ['none'],
  code_challenge_methods_supported: ['S256'],
  authorization_response_iss_parameter_supported: true,
})

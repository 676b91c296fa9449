import { includesScope } from '@ramet/model/access/scopes.ts'
import { type ToolScope, toolScopes } from '../mcp/scopes.ts'
import { OAuthFault } from './oauth-fault.ts'

/** What each lets an agent do, for whoever is asked. */
const sentences: Readonly<Record<ToolScope, string>> = {
  'playground:read': 'see your runs and playgrounds',
  'playground:run': 'start, stop, clone and save runs, and do anything inside their machines',
  'playground:write': 'destroy runs and remove playgrounds',
}

/**
 * Reads `scope` of a request. Words that are no tool's (`openid`, `offline_access`, which clients ask every server for) are left out, and those that another one implies stay, so that the answer
 * has what was asked. Without any: all. Throws `invalid_scope` when nothing is left.
 */
export function readAgentScopes(asked: string | undefined): ToolScope[] {
  const words = (asked ?? '').split(' ').filter((word) => word !== '')
  if (words.length === 0) return [...toolScopes]
  const known = toolScopes.filter((scope) => words.includes(scope))
  if (known.length === 0) throw new OAuthFault('invalid_scope', `There are the scopes ${toolScopes.join(', ')}.`)
  return known
}

/** Everything that the scopes allow, in words, from the least to the most. */
export const allowedBy = (scopes: readonly ToolScope[]): string[] =>
  toolScopes.filter((scope) => includesScope(scopes, scope)).map((scope) => sentences[scope])

import { includesScope, type Scope } from '@ramet/model/access/scopes.ts'

/** The scopes that tools have, from the least to the most; each implies those before it. A token's are the same words. */
export const toolScopes = ['playground:read', 'playground:run', 'playground:write'] as const satisfies readonly Scope[]
export type ToolScope = (typeof toolScopes)[number]

/** What stood in URLs before there was one vocabulary. */
const former: Readonly<Record<string, ToolScope>> = {
  read: 'playground:read',
  run: 'playground:run',
  destroy: 'playground:write',
}

/**
 * The scopes that a URL asks for, `/mcp?scopes=playground:run`; without any, all. A client that is given less sees and can call no tools of the others. This keeps an agent from what it was
 * not set up for; the wall is the token's own scopes, which `can()` asks for in every service. Undefined when it names one that there is none of.
 */
export function readScopes(asked: string | null | undefined): ReadonlySet<ToolScope> | undefined {
  if (!asked) return new Set(toolScopes)
  const named = asked
    .split(/[,\s]+/)
    .filter((name) => name !== '')
    .map((name) => (Object.hasOwn(former, name) ? (former[name] as ToolScope) : name))
  if (!named.every((name) => (toolScopes as readonly string[]).includes(name))) return undefined
  return new Set(toolScopes.filter((scope) => includesScope(named, scope)))
}

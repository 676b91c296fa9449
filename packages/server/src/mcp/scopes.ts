/**
 * What a tool does, from the least to the most. A client that is given `/mcp?scopes=read,run` sees and can call no tools of the others. This keeps an
 * agent from what it was not set up for. The wall is the token's own scopes, which `can()` asks for in every service.
 */
export const scopes = ['read', 'run', 'destroy'] as const
export type Scope = (typeof scopes)[number]

/** The scopes that a URL asks for; without any, all. Undefined when it names one that there is none of. */
export function readScopes(asked: string | null | undefined): ReadonlySet<Scope> | undefined {
  if (!asked) return new Set(scopes)
  const named = asked.split(/[,\s]+/).filter((name) => name !== '')
  const known = scopes.filter((scope) => named.includes(scope))
  return new Set(named).size === known.length ? new Set(known) : undefined
}

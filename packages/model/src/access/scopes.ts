/**
 * What a token can be bounded to, and what tools for agents are told by: the original's eight words, and `playground:run` of ours. That starts, enters and clones, and destroys nothing.
 * Those of learning and author open nothing here. `write` implies `run`, and that `read`. A token without scopes may do all that its user may.
 */
export const scopes = [
  'account:read',
  'account:write',
  'learning:read',
  'learning:write',
  'playground:read',
  'playground:run',
  'playground:write',
  'author:read',
  'author:write',
] as const
export type Scope = (typeof scopes)[number]

/** From the least to the most. */
const ranks = ['read', 'run', 'write']

/** True when one of `held` is `scope`, or more of the same. */
export function includesScope(held: readonly string[], scope: Scope): boolean {
  const [of, rank = ''] = scope.split(':')
  return ranks.slice(ranks.indexOf(rank)).some((more) => held.includes(`${of}:${more}`))
}

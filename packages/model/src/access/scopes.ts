/**
 * What a token can be bounded to: the original's eight words. Those of learning and author open nothing here. `write` implies `read`. A token without scopes may do all that its
 * user may.
 */
export const scopes = [
  'account:read',
  'account:write',
  'learning:read',
  'learning:write',
  'playground:read',
  'playground:write',
  'author:read',
  'author:write',
] as const
export type Scope = (typeof scopes)[number]

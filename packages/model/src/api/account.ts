import { z } from 'zod'
import { scopes } from '../access/scopes.ts'
import { lineSchema, wordSchema } from '../units/plain-text.ts'

/** A program that logs in (labctl `auth login`): it opens `authUrl` in a browser, and asks again until somebody has let it in. */
export const sessionSchema = z.object({
  id: z.string(),
  /** Empty until it was let in. */
  userId: z.string(),
  authenticated: z.boolean(),
  /** Told once, in the answer to POST; empty in others. */
  accessToken: z.string(),
  authUrl: z.string(),
})
export type Session = z.infer<typeof sessionSchema>

/** What may act for the user: browsers and programs that are logged in, and tokens. Ramet's own. */
export const credentialSchema = z.object({
  id: z.string(),
  /** `session`: a browser or program that was let in. `agent`: one that was let in by OAuth, to use tools. `token`: made for a program. `cli`: that of the command line on the server's machine. */
  kind: z.enum(['session', 'agent', 'token', 'cli']),
  name: z.string(),
  /** Absent: all that the user may do. */
  scope: z.array(z.string()).optional(),
  createdAt: z.string(),
  expiresAt: z.string().optional(),
  /** The one by which this was asked. */
  isCurrent: z.boolean(),
})
export type Credential = z.infer<typeof credentialSchema>

const defaultDays = 90
export const createTokenSchema = z.object({
  name: lineSchema(1, 100),
  /** Absent or empty: all that the user may do. */
  scope: z.array(z.enum(scopes)).max(scopes.length).nullish(),
  expiresInDays: z
    .int()
    .min(1)
    .max(365)
    .nullish()
    .transform((days) => days ?? defaultDays),
})
export type CreateToken = z.output<typeof createTokenSchema>
export type AskedToken = z.input<typeof createTokenSchema>

export const tokenSchema = z.object({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  scope: z.array(z.string()),
  createdAt: z.string(),
  expiresAt: z.string(),
  /** Told once. */
  accessToken: z.string(),
})
export type Token = z.infer<typeof tokenSchema>

/** There is one host, so a region changes nothing: it is kept for clients that show it. */
export const preferencesSchema = z.object({ region: wordSchema(32).regex(/^[a-z][a-z0-9-]*$/, 'must be such as eu') })
export type Preferences = z.infer<typeof preferencesSchema>

import { z } from 'zod'
import { failureSchema, progressSchema } from './wire.ts'

export const imageStateSchema = z.enum(['absent', 'building', 'ready', 'failed'])
export const imageSchema = z.object({
  name: z.string(),
  kind: z.enum(['image', 'kernel-pack']),
  description: z.string(),
  state: imageStateSchema,
  /** Bytes on disk; 0 while absent. */
  bytes: z.number(),
  builtAt: z.string().optional(),
  /** Of an image from a registry: what its reference stands for here. */
  digest: z.string().optional(),
  progress: progressSchema.optional(),
  error: failureSchema.optional(),
})
export type Image = z.infer<typeof imageSchema>

export const healthSchema = z.object({
  status: z.literal('ok'),
  version: z.string(),
  commit: z.string().nullable(),
  installation: z.string(),
  /** Null until probed. `fake`: the fake world, no VM is real. */
  accelerator: z.enum(['kvm', 'tcg', 'fake']).nullable(),
  building: z.array(z.object({ kind: z.enum(['image', 'kernel-pack']), name: z.string(), progress: progressSchema.optional() })),
  /** Web bundle: false while it is being built or when its build failed; the API does not depend on it. */
  web: z.boolean(),
})
export type Health = z.infer<typeof healthSchema>

export const meSchema = z.object({ id: z.string(), name: z.string(), githubProfileId: z.string() })
export type Me = z.infer<typeof meSchema>

/** The address of a login link is `pages.login(token)` at whatever address the browser reaches the server. */
export const loginLinkSchema = z.object({ token: z.string(), expiresAt: z.string() })
export const endedSessionsSchema = z.object({ sessions: z.number().int() })
export type EndedSessions = z.infer<typeof endedSessionsSchema>
export type LoginLink = z.infer<typeof loginLinkSchema>

export const findingSchema = z.object({ code: z.string(), subject: z.string(), message: z.string() })
export type Finding = z.infer<typeof findingSchema>

/** `ramet doctor`: what this host has, and what to do where something is missing. */
export const checkSchema = z.object({
  name: z.string(),
  status: z.enum(['ok', 'warn', 'fail']),
  message: z.string(),
  hint: z.string().optional(),
})
export type Check = z.infer<typeof checkSchema>

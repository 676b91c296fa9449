import { z } from 'zod'
import { lineSchema } from '../units/plain-text.ts'
import { roles } from './users.ts'
import { failureSchema, progressSchema } from './wire.ts'

export const imageStateSchema = z.enum(['absent', 'building', 'ready', 'failed'])
export const imageSchema = z.object({
  name: z.string(),
  kind: z.enum(['image', 'kernel-pack']),
  description: z.string(),
  state: imageStateSchema,
  /** Bytes on disk; 0 while absent. */
  bytes: z.number(),
  /** What its build needs and takes, as a sentence, when that is more than a start begins by itself. */
  costs: z.string().optional(),
  builtAt: z.string().optional(),
  /** Of an image from a registry: what its reference stands for here. */
  digest: z.string().optional(),
  /** A run began on it, or it was built. */
  lastUsedAt: z.string().optional(),
  /** In lists: false when no playground, run or layer needs it. Then it goes when space is short. */
  isUsed: z.boolean().optional(),
  progress: progressSchema.optional(),
  error: failureSchema.optional(),
})
export type Image = z.infer<typeof imageSchema>

/** One image as `ramet image inspect` shows it. What is made here has neither layers nor a configuration. */
export const imageDetailsSchema = imageSchema.extend({
  /** Least size of a drive that begins from it. */
  sizeBytes: z.number().optional(),
  /** Lowest first; `bytes` as the registry sends them. */
  layers: z.array(z.object({ digest: z.string(), bytes: z.number().optional() })),
  /** What the image says of itself. */
  config: z
    .object({
      user: z.string(),
      workingFolder: z.string(),
      environment: z.array(z.string()),
      entrypoint: z.array(z.string()),
      command: z.array(z.string()),
    })
    .optional(),
  /** Path of what a machine starts first; absent: Ramet's own. */
  init: z.string().optional(),
  /** Names of playgrounds with a drive that begins from it. */
  playgrounds: z.array(z.string()),
  /** Runs with a drive that stands on it. */
  runs: z.array(z.object({ id: z.string(), title: z.string() })),
  /** How many more of both belong to others. */
  others: z.number(),
})
export type ImageDetails = z.infer<typeof imageDetailsSchema>

/** Of a folder with a Dockerfile: its own name, and one for what is built from it. */
export const imageFolderSchema = z.strictObject({
  name: lineSchema(1, 255),
  tag: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be of small letters, digits and dashes')
    .optional(),
})

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

export const meSchema = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(roles),
  /** False: the user comes by links and tokens alone. */
  hasPassword: z.boolean(),
  githubProfileId: z.string(),
  preferredRegion: z.string().optional(),
})
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

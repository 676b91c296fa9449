import { z } from 'zod'
import { runStateSchema } from '../run/run-state.ts'

export const lineageNodeSchema = z.object({
  /** Of the run or playground; every node's parent stands before it in the list. */
  id: z.string(),
  parent: z.string().optional(),
  kind: z.enum(['playground', 'run']),
  /** How it came from its parent; `official` has none. */
  how: z.enum(['official', 'created', 'started', 'cloned', 'saved']),
  /** A playground's name; it may be another one's by now if this is gone. */
  name: z.string().optional(),
  title: z.string(),
  state: runStateSchema.optional(),
  /** Destroyed or removed. */
  isGone: z.boolean(),
  createdAt: z.string(),
})
export type LineageNode = z.infer<typeof lineageNodeSchema>

/** Where something came from, as far back as that goes, and what came from it. Ancestors first, oldest first; then `subject`; then its offspring. */
export const lineageSchema = z.object({
  subject: z.string(),
  nodes: z.array(lineageNodeSchema),
  /** There is more offspring than is listed. */
  isCut: z.boolean(),
})
export type Lineage = z.infer<typeof lineageSchema>

import { z } from 'zod'
import { lineSchema, wordSchema } from '../units/plain-text.ts'

const empty = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value || undefined)

/** POST /plays/{id}/journals, as labctl sends it. */
export const journalRequestSchema = z.object({
  /** Default: the first. */
  machine: lineSchema(0, 200).nullish(),
  unit: empty(wordSchema(255)),
  lines: empty(
    z
      .union([
        z.int().min(0),
        z
          .string()
          .regex(/^\d{1,6}$/)
          .transform(Number),
      ])
      .pipe(z.int().max(1_000_000)),
  ),
  /** As journalctl reads times. */
  since: empty(lineSchema(0, 100)),
  until: empty(lineSchema(0, 100)),
  cursor: empty(wordSchema(500)),
})
export type JournalRequest = z.output<typeof journalRequestSchema>
export type AskedJournal = z.input<typeof journalRequestSchema>

/** Frames of its websocket; the last one has `eof`. */
export const journalFrameSchema = z.object({
  stdout: z.string().optional(),
  stderr: z.string().optional(),
  exitCode: z.int().optional(),
  eof: z.boolean().optional(),
})
export type JournalFrame = z.infer<typeof journalFrameSchema>

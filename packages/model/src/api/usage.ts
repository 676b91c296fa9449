import { z } from 'zod'
import { allowanceNames } from '../access/allowances.ts'
import { runStateSchema } from '../run/run-state.ts'

/** A limit that an admin set, and how much of it there is; a lifetime has no such sum. */
const usedAllowanceSchema = z.object({ name: z.enum(allowanceNames), most: z.number(), used: z.number().optional() })
export type UsedAllowance = z.infer<typeof usedAllowanceSchema>

/** Bytes on disk (st_blocks x 512). `exclusiveBytes`: what would be free without it. `sharedBytes`: what it stands on together with others. */
const storage = { exclusiveBytes: z.number(), sharedBytes: z.number() }
export const usageSchema = z.object({
  runs: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      playground: z.string(),
      state: runStateSchema,
      createdAt: z.string(),
      ...storage,
    }),
  ),
  /** Those with drives of their own; what others stand on belongs to images. */
  playgrounds: z.array(z.object({ name: z.string(), title: z.string(), createdAt: z.string(), ...storage })),
  /** Memory and drives with which new runs of playgrounds of the catalogue begin. `spares`: runs of it that run already, for the next start. */
  warmStarts: z.array(z.object({ playground: z.string(), createdAt: z.string(), spares: z.int(), ...storage })),
  /** All files of layers, overlays and snapshots, each once. */
  totalBytes: z.number(),
  /** Of these, what images hold. */
  imageBytes: z.number(),
  /** What stopped runs and saved playgrounds hold, images and warm starts left out, and how much that may be. */
  quota: z.object({ usedBytes: z.number(), limitBytes: z.number() }),
  /** Limits of the user that an admin set; in numbers of things, bytes, minutes. */
  allowances: z.array(usedAllowanceSchema),
})
export type Usage = z.infer<typeof usageSchema>

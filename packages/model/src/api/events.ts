import { z } from 'zod'
import { imageSchema } from './host.ts'
import { playSchema } from './wire.ts'

/**
 * Frames of GET /api/events (server-sent events; `id:` grows by one, so that Last-Event-ID resumes).
 * `play` carries the whole play whenever anything about it changed; `gone` follows the end of a destroyed one; `image` any build's progress.
 */
export const eventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('play'), play: playSchema }),
  z.object({ kind: z.literal('image'), image: imageSchema }),
])
export type Event = z.infer<typeof eventSchema>

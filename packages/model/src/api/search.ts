import { z } from 'zod'
import { lineSchema } from '../units/plain-text.ts'

const several = z
  .union([lineSchema(0, 100), z.array(lineSchema(0, 100)).max(20)])
  .optional()
  .transform((value) => [value ?? []].flat().filter((word) => word !== ''))

const count = (most: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, 'must be a number')
    .transform((text) => Math.min(Number(text), most))
    .optional()

/** GET /search, as labctl asks. Of its kinds there are playgrounds alone; tags and difficulties are of the others, so with one nothing is found. */
export const searchQuerySchema = z.object({
  search: lineSchema(0, 200).optional(),
  kind: several,
  category: several,
  tag: several,
  difficulty: several,
  limit: count(100),
  offset: count(1_000_000),
})
export type SearchQuery = z.output<typeof searchQuerySchema>

export const searchItemSchema = z.object({
  kind: z.string(),
  name: z.string(),
  title: z.string(),
  description: z.string(),
  categories: z.array(z.string()),
  tags: z.array(z.string()),
  cover: z.string().optional(),
  pageUrl: z.string(),
  official: z.boolean(),
  /** Of challenges; 0 here. */
  attemptCount: z.int(),
  completionCount: z.int(),
})
export type SearchItem = z.infer<typeof searchItemSchema>
export const searchResultSchema = z.object({ items: z.array(searchItemSchema) })

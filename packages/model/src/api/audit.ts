import { z } from 'zod'
import { auditActions } from '../access/audited.ts'
import { lineSchema, wordSchema } from '../units/plain-text.ts'

/** One thing that somebody did or tried to. */
export const auditEntrySchema = z.object({
  id: z.string(),
  /** Of the first time. */
  at: z.string(),
  action: z.enum(auditActions),
  /** Who asked; absent: nobody who is known. */
  user: z.string().optional(),
  /** What he came by: a browser, the name of a token, ssh. */
  via: z.string().optional(),
  /** Address; absent where somebody else did it to what is one's own. */
  from: z.string().optional(),
  /** What it was done to: the id of a run, the name of a playground, user or image. */
  subject: z.string().optional(),
  detail: z.string().optional(),
  /** `ok`, or the code of the refusal. */
  outcome: z.string(),
  /** The same within ten minutes is one entry; `lastAt` is the last of them. */
  times: z.number().int(),
  lastAt: z.string(),
})
export type AuditEntry = z.infer<typeof auditEntrySchema>

export const longestAuditPage = 500
export const auditQuerySchema = z.object({
  /** Admins: of this user alone. Others see their own. */
  user: wordSchema(64).optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  /** One action, or all that begin so: `run`. */
  action: lineSchema(1, 40).optional(),
  limit: z.coerce.number().int().min(1).max(longestAuditPage).default(100),
  /** Id of the last entry of the page before. */
  cursor: wordSchema(64).optional(),
})
export type AuditQuery = z.output<typeof auditQuerySchema>
export type AskedAudit = Partial<AuditQuery>

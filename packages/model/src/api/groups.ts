import { z } from 'zod'
import { allowancesSchema, changeAllowancesSchema } from '../access/allowances.ts'
import { wordSchema } from '../units/plain-text.ts'
import { userNameSchema } from './users.ts'

/** What `group:NAME` means where access is given. */
export const groupNameSchema = userNameSchema

const memberSchema = z.object({ name: z.string(), joinedAt: z.string() })

/** A link by which people may still come in. Its token is told once, when it is made. */
const openLinkSchema = z.object({ left: z.number().int(), expiresAt: z.string() })

/** A class or a team. Members and links are told to whoever may change it. */
export const groupSchema = z.object({
  id: z.string(),
  name: z.string(),
  ownerName: z.string(),
  createdAt: z.string(),
  memberCount: z.number().int(),
  isMember: z.boolean(),
  members: z.array(memberSchema).optional(),
  links: z.array(openLinkSchema).optional(),
  /** Limits of each of its members who has none of his own. */
  allowances: allowancesSchema.optional(),
})
export type Group = z.infer<typeof groupSchema>

export const createGroupSchema = z.strictObject({ name: groupNameSchema })
export type CreateGroup = z.infer<typeof createGroupSchema>

/** `limit`: how many people may come in by it. */
export const inviteToGroupSchema = z.strictObject({
  limit: z.number().int().min(1, 'must be at least 1').max(1000, 'must be at most 1000').default(1),
  days: z.number().int().min(1, 'must be at least 1').max(90, 'must be at most 90').default(7),
})
export type InviteToGroup = z.input<typeof inviteToGroupSchema>

/** The link is `pages.joinGroup(token)`. */
export const groupLinkSchema = openLinkSchema.extend({ token: z.string() })
export type GroupLink = z.infer<typeof groupLinkSchema>

export const changeGroupSchema = z.strictObject({ allowances: changeAllowancesSchema })
export type ChangeGroup = z.infer<typeof changeGroupSchema>

export const addMembersSchema = z.strictObject({ names: z.array(wordSchema(64).min(1)).min(1).max(1000) })

export const joinGroupSchema = z.strictObject({ token: wordSchema(200).min(1) })

/** The token of a link to a group, or of a bare token. */
export function groupTokenOf(text: string): string | undefined {
  const [, token] = /#group=([\w-]+)/.exec(text.trim()) ?? /^([\w-]+)$/.exec(text.trim()) ?? []
  return token
}

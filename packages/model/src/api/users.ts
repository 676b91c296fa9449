import { z } from 'zod'
import { allowancesSchema, changeAllowancesSchema } from '../access/allowances.ts'
import { wordSchema } from '../units/plain-text.ts'

/** What a person signs in as, and what `user:NAME` means where access is given. */
export const userNameSchema = z
  .string()
  .regex(
    /^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/,
    'must begin with a small letter and go on with small letters, digits and dashes, 32 at most',
  )

/** `admin`: manages users, images and the host. Runs of others are as closed to admins as to anybody. */
export const roles = ['admin', 'member'] as const
export type Role = (typeof roles)[number]

/** Long rather than intricate: NIST SP 800-63B asks for length alone. */
export const passwordSchema = z.string().min(10, 'must have at least 10 characters').max(200, 'must have at most 200 characters')

export const userSchema = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(roles),
  createdAt: z.string(),
  /** Absent: the account is open. */
  disabledAt: z.string().optional(),
  hasPassword: z.boolean(),
  /** Ends of invitations that are open; absent: there is none. */
  invitedUntil: z.string().optional(),
  /** Runs that are not destroyed, and playgrounds that are not removed. */
  runs: z.number().int(),
  playgrounds: z.number().int(),
  /** Limits that are set for this user himself; those of his groups come beside them. */
  allowances: allowancesSchema,
})
export type UserAccount = z.infer<typeof userSchema>

/** The link is `pages.login(token)` at whatever address the browser reaches the server. */
export const invitationSchema = z.object({ token: z.string(), expiresAt: z.string() })
export type Invitation = z.infer<typeof invitationSchema>

export const createUserSchema = z.strictObject({ name: userNameSchema, role: z.enum(roles).default('member') })
export type CreateUser = z.input<typeof createUserSchema>

/** The invitation's token is told once. */
export const createdUserSchema = userSchema.extend({ invitation: invitationSchema })
export type CreatedUser = z.infer<typeof createdUserSchema>

export const changeUserSchema = z.strictObject({
  role: z.enum(roles).optional(),
  disabled: z.boolean().optional(),
  allowances: changeAllowancesSchema.optional(),
})
export type ChangeUser = z.infer<typeof changeUserSchema>

/** Of a query. */
export const removeUserSchema = z.object({ destroy: z.enum(['true', 'false']).optional(), transferTo: wordSchema(64).optional() })

/** What becomes of what is a user's. */
export interface RemoveUser {
  /** Runs, and what goes to nobody, go with the user. */
  readonly destroy?: boolean | undefined
  /** Whose playgrounds and groups are then; runs are never anybody else's. */
  readonly transferTo?: string | undefined
}

export const setPasswordSchema = z.strictObject({
  /** Needed where there is one already. */
  current: z.string().max(200).optional(),
  password: passwordSchema,
})
export type SetPassword = z.infer<typeof setPasswordSchema>

export const signInSchema = z.strictObject({ name: wordSchema(64), password: z.string().max(200) })
export type SignIn = z.infer<typeof signInSchema>

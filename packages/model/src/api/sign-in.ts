import { z } from 'zod'
import { lineSchema, wordSchema } from '../units/plain-text.ts'

/** Who else may say who somebody is. */
export const providerIds = ['oidc', 'github'] as const
export const providerIdSchema = z.enum(providerIds)
export type ProviderId = (typeof providerIds)[number]

/** How people sign in here, besides names with passwords, and links. */
export const signInWaysSchema = z.object({
  providers: z.array(z.object({ id: providerIdSchema, label: z.string() })),
  /** `whyNot`: passkeys cannot be used at the address by which this was asked, as a sentence. */
  passkeys: z.object({ whyNot: z.string().optional() }),
})
export type SignInWays = z.infer<typeof signInWaysSchema>

/** Where a browser is to go. */
export const leadSchema = z.object({ url: z.string() })
/** `to`: path of this server to come back to. */
export const beginSignInSchema = z.strictObject({ to: lineSchema(0, 2000).optional() })

/** An account elsewhere by which the user signs in. */
export const identitySchema = z.object({
  id: z.string(),
  provider: providerIdSchema,
  /** Who vouches, as a URL. */
  issuer: z.string(),
  /** As he is called there. */
  name: z.string(),
  createdAt: z.string(),
  usedAt: z.string(),
})
export type Identity = z.infer<typeof identitySchema>

export const connectSchema = z.strictObject({ provider: providerIdSchema, to: lineSchema(0, 2000).optional() })

/** A passkey of the user. */
export const passkeySchema = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: z.string(),
  usedAt: z.string().optional(),
  /** False: it is lost with its device. */
  isBackedUp: z.boolean(),
})
export type Passkey = z.infer<typeof passkeySchema>

/** What a browser's WebAuthn is asked with. `ticket` goes back with its answer. */
export const passkeyOptionsSchema = z.object({ ticket: z.string(), options: z.record(z.string(), z.unknown()) })
export type PasskeyOptions = z.infer<typeof passkeyOptionsSchema>

const answer = z.looseObject({ id: wordSchema(1400), type: z.literal('public-key') })
export const addPasskeySchema = z.strictObject({ ticket: wordSchema(100), name: lineSchema(1, 100), answer })
export const usePasskeySchema = z.strictObject({ ticket: wordSchema(100), answer })
export const namePasskeySchema = z.strictObject({ name: lineSchema(1, 100) })
export type AddPasskey = z.infer<typeof addPasskeySchema>
export type UsePasskey = z.infer<typeof usePasskeySchema>

import { z } from 'zod'

/** How https reaches the server. Ramet's own. */
export const tlsInfoSchema = z.object({
  /** Null: this server speaks no https itself. */
  port: z.int().nullable(),
  /** PEM of the authority that vouches for the server, for clients to trust. Null: it was given a certificate. */
  authority: z.string().nullable(),
  /** Null: none was configured. */
  publicUrl: z.string().nullable(),
  /** Published ports are `NAME.` this. */
  portsDomain: z.string(),
})
export type TlsInfo = z.infer<typeof tlsInfoSchema>

import { z } from 'zod'
import { lineSchema } from '../units/plain-text.ts'

/** A public key by which plain ssh lets its owner into his machines. Ramet's own. */
export const sshKeySchema = z.object({
  id: z.string(),
  /** The line's comment unless another name was given. */
  name: z.string(),
  type: z.string(),
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  fingerprint: z.string(),
  createdAt: z.string(),
})
export type SshKey = z.infer<typeof sshKeySchema>

/** `line`: one of authorized_keys, `ssh-ed25519 AAAA… comment`. */
export const addSshKeySchema = z.strictObject({ line: lineSchema(1, 16_000), name: lineSchema(1, 100).optional() })
export type AddSshKey = z.infer<typeof addSshKeySchema>

/** How plain ssh reaches machines. */
export const sshGatewaySchema = z.object({
  /** Null: this server has no gateway. */
  port: z.int().nullable(),
  /** For known_hosts, without the host's name. */
  hostKey: z.string(),
})
export type SshGatewayInfo = z.infer<typeof sshGatewaySchema>

import { z } from 'zod'
import { lineSchema } from '../units/plain-text.ts'

/** POST /plays/{id}/tunnels, as labctl sends it (reference, part 4). */
export const startTunnelSchema = z.object({
  machine: lineSchema(0, 200).nullish(),
  /** Always 0 from labctl: the port is said when a connection is opened. */
  port: z.number().nullish(),
  access: lineSchema(0, 100).nullish(),
  generateLoginUrl: z.boolean().nullish(),
  /** Whose shell ssh gets; empty: the machine's default user. */
  sshUser: lineSchema(0, 200).nullish(),
  /** A line of authorized_keys, which labctl ends as one; empty: the tunnel is for other ports. */
  sshPubKey: z.string().trim().pipe(lineSchema(0, 16_000)).nullish(),
})
export type StartTunnel = z.infer<typeof startTunnelSchema>

export const tunnelSchema = z.object({
  /** Connections are websockets at `url/tunnels/ADDRESS`, the address as base64. */
  url: z.string(),
  /** Answers with the cookie that these websockets need. */
  loginUrl: z.string(),
})
export type Tunnel = z.infer<typeof tunnelSchema>

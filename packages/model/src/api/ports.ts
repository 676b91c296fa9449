import { z } from 'zod'
import { portForwardSchema } from '../manifest/manifest.ts'
import { planForwardSchema } from '../plan/run-plan.ts'
import { userNameSchema } from '../units/names.ts'
import { hostSchema } from '../units/page-url.ts'
import { pathRewriteSchema } from '../units/path-rewrite.ts'
import { lineSchema } from '../units/plain-text.ts'

/** Published ports, saved forwards and shells of a run, as labctl has them (reference, part 2). */

export const portAccessSchema = z.enum(['private', 'public'])
export type PortAccess = z.infer<typeof portAccessSchema>

/** Go's clients send an empty text for what is not said. */
const orNothing = <T extends z.ZodType>(schema: T) =>
  z
    .union([z.literal(''), schema])
    .nullish()
    .transform((value) => (value === '' || value === null ? undefined : value) as z.output<T> | undefined)

const portNumberSchema = z.int().min(1).max(65535)
const machineSchema = lineSchema(0, 200).nullish()

/** POST /plays/{id}/ports. The same port in the same way once more answers with what is there. */
export const exposePortSchema = z.object({
  /** Empty: the first. */
  machine: machineSchema,
  number: portNumberSchema,
  access: orNothing(portAccessSchema),
  /** The port speaks TLS itself; its certificate is not checked. */
  tls: z.boolean().nullish(),
  /** The Host that the port is asked for; absent: the published name. */
  hostRewrite: orNothing(hostSchema),
  pathRewrite: orNothing(pathRewriteSchema),
  /** Ramet's own. `tcp`, `udp`: as a plain port of the host. Absent: HTTP, under a host name of its own. */
  protocol: orNothing(z.enum(['http', 'tcp', 'udp'])),
  /** Of `tcp` and `udp`. 0: any free one. */
  hostPort: z.int().min(0).max(65535).nullish(),
  /** Of `tcp` and `udp`: the host's address; absent: as the server is set. */
  listen: orNothing(z.union([z.ipv4(), z.ipv6()])),
})
export type ExposePort = z.infer<typeof exposePortSchema>
export type ExposePortRequest = z.input<typeof exposePortSchema>

export const portSchema = z.object({
  id: z.string(),
  playId: z.string(),
  machine: z.string(),
  number: z.int(),
  hostname: z.string(),
  access: portAccessSchema,
  tls: z.boolean(),
  hostRewrite: z.string().optional(),
  pathRewrite: z.string().optional(),
  /** Absent: HTTP. Of a port of the host `hostname` is the address where it listens, and `url` says `tcp://` or `udp://`. */
  protocol: z.enum(['tcp', 'udp']).optional(),
  hostPort: z.int().optional(),
  url: z.string(),
})
export type Port = z.infer<typeof portSchema>

/** POST /plays/{id}/ports/scan: what answers with HTTP. */
export const scannedPortSchema = z.object({
  machine: z.string(),
  number: z.int(),
  protocol: z.enum(['HTTP', 'HTTPS']),
})
export type ScannedPort = z.infer<typeof scannedPortSchema>

/** POST /plays/{id}/shells. */
export const exposeShellSchema = z.object({
  machine: machineSchema,
  /** Empty: the machine's default user. */
  user: orNothing(userNameSchema),
  access: orNothing(portAccessSchema),
})
export type ExposeShell = z.infer<typeof exposeShellSchema>
export type ExposeShellRequest = z.input<typeof exposeShellSchema>

export const shellSchema = z.object({
  id: z.string(),
  playId: z.string(),
  machine: z.string(),
  user: z.string(),
  hostname: z.string(),
  access: portAccessSchema,
  url: z.string(),
})
export type Shell = z.infer<typeof shellSchema>

/** POST /plays/{id}/port-forwards, and what GET lists. */
export const saveForwardSchema = portForwardSchema.extend({ machine: machineSchema })
export type SaveForward = z.infer<typeof saveForwardSchema>
export type SaveForwardRequest = z.input<typeof saveForwardSchema>
export const savedForwardSchema = planForwardSchema
export type SavedForward = z.infer<typeof savedForwardSchema>

/** POST /port-logins: Ramet's own. `name`: the first label of the port's host. */
export const portLoginSchema = z.object({ name: lineSchema(0, 63), to: lineSchema(0, 8000).nullish() })
export const portLoginAnswerSchema = z.object({ url: z.string() })

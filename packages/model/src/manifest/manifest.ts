import { z } from 'zod'
import { bytesSchema } from '../units/bytes.ts'
import { dnsLabelSchema, labelSchema, maxTitleLength, userNameSchema } from '../units/names.ts'

/**
 * The playground manifest (reference: iximiuz Labs' manifest, labctl `api/playgrounds`). Every field is parsed and validated here; what this
 * version does not act on yet is refused by name in `unsupported.ts`, never ignored. Rules that span fields (overlapping subnets, unknown
 * networks, cycles) are in `manifest-rules.ts`. Lists may be null, as labctl sends absent ones.
 */

/** Where limits come from: the reference's own (5 machines, 24 drives, 10 startup files, 100 GiB a drive, 10 tabs); the others are ours. */
export const limits = {
  machines: 5,
  networks: 10,
  interfaces: 8,
  drives: 24,
  users: 20,
  startupFiles: 10,
  startupFileBytes: 1024 * 1024,
  tabs: 10,
  initTasks: 100,
  driveBytes: 100 * 1024 ** 3,
  drivesBytes: 240 * 1024 ** 3,
  cpuCount: 32,
  minRamBytes: 128 * 1024 ** 2,
  maxRamBytes: 256 * 1024 ** 3,
  markdown: 100_000,
  title: maxTitleLength,
  /** Of the whole YAML text, before it is parsed. */
  manifestBytes: 4 * 1024 * 1024,
} as const

const nullable = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value): z.output<T> | undefined => value ?? undefined)
/** An absent list and a null one are both the empty list. */
const list = <T extends z.ZodType>(item: T, max: number) =>
  z
    .array(item)
    .max(max, `at most ${max}`)
    .nullish()
    .transform((value): z.output<T>[] => value ?? [])

const ipv4 = z
  .string()
  .regex(/^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/, 'must be an IPv4 address such as 10.10.0.5')
const ipv4WithMask = z.string().regex(/^\d{1,3}(\.\d{1,3}){3}(\/\d{1,2})?$/, 'must be an IPv4 address, with or without a mask')
const cidr = z.string().regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, 'must be an IPv4 subnet such as 10.10.0.0/24')

export const userSchema = z.strictObject({
  name: userNameSchema,
  default: nullable(z.boolean()),
  /** Shown at login; '-' switches the greeting off. */
  welcome: nullable(z.string().max(10_000)),
})

export const driveSchema = z.strictObject({
  /** A named image or `oci://host/name:tag`. */
  source: nullable(z.string().min(1).max(500)),
  mount: nullable(
    z
      .string()
      .max(4096)
      .regex(/^\/[^\0]*$/, 'must be an absolute path'),
  ),
  size: nullable(bytesSchema),
  filesystem: nullable(z.enum(['ext4', 'ext2', 'ext3', 'xfs', 'btrfs'])),
  readOnly: nullable(z.boolean()),
  persistent: nullable(z.boolean()),
  snapshot: nullable(z.strictObject({ id: z.string(), leaseId: nullable(z.string()) })),
})
export type ManifestDrive = z.infer<typeof driveSchema>

export const interfaceSchema = z.strictObject({ network: dnsLabelSchema, address: nullable(ipv4WithMask) })

export const startupFileSchema = z.strictObject({
  path: z
    .string()
    .max(4096)
    .regex(/^\/[^\0]*[^/\0]$/, 'must be the absolute path of a file')
    .refine((path) => !path.split('/').includes('..'), 'must not climb with ..'),
  content: z.string().max(limits.startupFileBytes),
  append: nullable(z.boolean()),
  /** `user`, `user:group` or ids; default 0:0. */
  owner: nullable(z.string().regex(/^[a-z0-9_][a-z0-9_-]*(:[a-z0-9_][a-z0-9_-]*)?$/, 'must be a user or user:group')),
  mode: nullable(z.string().regex(/^[0-7]{3,4}$/, 'must be an octal mode such as "644"')),
})

/** The legacy form is a plain string (`kernel: "6.1"`). */
const kernelSchema = z.union([z.string(), z.strictObject({ source: z.string() }).transform((kernel) => kernel.source)])

export const machineSchema = z.strictObject({
  name: dnsLabelSchema,
  users: list(userSchema, limits.users),
  backend: nullable(z.enum(['firecracker', 'cloud-hypervisor'])),
  kernel: nullable(kernelSchema),
  drives: list(driveSchema, limits.drives),
  network: nullable(z.strictObject({ interfaces: list(interfaceSchema, limits.interfaces) })),
  resources: nullable(
    z.strictObject({
      cpuCount: nullable(z.number().int().min(1).max(limits.cpuCount)),
      ramSize: nullable(bytesSchema),
    }),
  ),
  startupFiles: list(startupFileSchema, limits.startupFiles),
  /** The Terraform provider spells it noSsh; `parse-manifest.ts` renames it. */
  noSSH: nullable(z.boolean()),
})
export type ManifestMachine = z.infer<typeof machineSchema>

export const networkSchema = z.strictObject({
  name: dnsLabelSchema,
  subnet: nullable(cidr),
  gateway: nullable(ipv4),
  private: nullable(z.boolean()),
})
export type ManifestNetwork = z.infer<typeof networkSchema>

const url = z.string().max(2048)

export const tabSchema = z.strictObject({
  kind: nullable(z.enum(['terminal', 'ide', 'http-port', 'web-page', 'kexp'])),
  id: nullable(z.string().max(200)),
  machine: nullable(dnsLabelSchema),
  name: nullable(z.string().max(120)),
  number: nullable(z.number().int().min(1).max(65535)),
  tls: nullable(z.boolean()),
  hostRewrite: nullable(z.string().max(255)),
  pathRewrite: nullable(z.string().max(2048)),
  url: nullable(url),
  access: nullable(z.enum(['private', 'public'])),
  pane: nullable(z.string().max(50)),
})

export type ManifestTab = z.infer<typeof tabSchema>

export const initTaskSchema = z.strictObject({
  name: nullable(z.string()),
  init: nullable(z.boolean()),
  machine: dnsLabelSchema,
  user: nullable(userNameSchema),
  run: z.string().min(1).max(100_000),
  needs: list(z.string(), limits.initTasks),
  /** Both spellings are met: labctl's and the Terraform provider's (`timeoutSeconds`, renamed in `parse-manifest.ts`). */
  timeout_seconds: nullable(z.number().int().min(1).max(86_400)),
  conditions: list(z.strictObject({ key: z.string(), value: z.string() }), 20),
  status: nullable(z.number().int()),
})
export type ManifestInitTask = z.infer<typeof initTaskSchema>

const initConditionSchema = z.strictObject({
  key: z.string().min(1).max(100),
  default: nullable(z.string()),
  nullable: nullable(z.boolean()),
  options: list(z.string(), 100),
  placeholder: nullable(z.string()),
  validationRegex: nullable(z.string().max(500)),
})

const portForwardSchema = z.strictObject({
  kind: z.enum(['local', 'remote']),
  machine: dnsLabelSchema,
  localHost: nullable(z.string()),
  localPort: nullable(z.number().int().min(0).max(65535)),
  remoteHost: nullable(z.string()),
  remotePort: nullable(z.number().int().min(0).max(65535)),
})

const accessList = list(
  z
    .string()
    .regex(
      /^(owner|anyone|authenticated|nobody|instructor|github:.+|user:.+|student:.+|has-pack:.+)$/,
      'must be owner, anyone, authenticated, user:<id>, … ',
    ),
  1000,
)

/** The inner part of a manifest: what a playground *is*. Also spread at the top level of the API's playground bodies. */
export const manifestSpecSchema = z.strictObject({
  networks: list(networkSchema, limits.networks),
  machines: list(machineSchema, limits.machines),
  tabs: list(tabSchema, limits.tabs),
  initTasks: nullable(z.record(z.string(), initTaskSchema)),
  initConditions: nullable(z.strictObject({ values: list(initConditionSchema, 50) })),
  registryAuth: nullable(z.string()),
  portForwards: list(portForwardSchema, 100),
  accessControl: nullable(z.strictObject({ canList: accessList, canRead: accessList, canStart: accessList })),
  /** Deprecated form of accessControl. */
  access: nullable(z.strictObject({ mode: z.enum(['private', 'public']), users: list(z.string(), 1000) })),
})
export type ManifestSpec = z.infer<typeof manifestSpecSchema>

export const manifestSchema = z.strictObject({
  kind: z.literal('playground'),
  name: nullable(dnsLabelSchema),
  base: nullable(dnsLabelSchema),
  title: labelSchema(5, limits.title),
  description: nullable(z.string().max(500)),
  categories: list(labelSchema(0, 100), 20),
  markdown: nullable(z.string().max(limits.markdown)),
  cover: nullable(url),
  playground: manifestSpecSchema,
})
export type Manifest = z.infer<typeof manifestSchema>

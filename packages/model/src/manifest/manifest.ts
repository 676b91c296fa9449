import { z } from 'zod'
import { bytesSchema } from '../units/bytes.ts'
import { filePathSchema, mountPointSchema } from '../units/guest-path.ts'
import { dnsLabelSchema, fileOwnerSchema, maxTitleLength, userNameSchema } from '../units/names.ts'
import { coverSchema, hostSchema, pageUrlSchema } from '../units/page-url.ts'
import { lineSchema, linesSchema, wordSchema } from '../units/plain-text.ts'
import { relativePathSchema } from '../units/relative-path.ts'

/**
 * The playground manifest (reference: iximiuz Labs' manifest, labctl `api/playgrounds`). Every field is parsed and validated here. What this version does
 * not act on yet is told or refused by name in `unsupported.ts`; fields that nobody knows are told and kept (`unknown-fields.ts`). Rules that span fields (overlapping subnets, unknown
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
  /** More than any host has; what a host has not is scaled down when a run starts (server, admission/fit-to-host.ts). */
  cpuCount: 1024,
  minRamBytes: 128 * 1024 ** 2,
  maxRamBytes: 64 * 1024 ** 4,
  markdown: 100_000,
  description: 500,
  title: maxTitleLength,
  /** Of the whole YAML text, before it is parsed. */
  manifestBytes: 4 * 1024 * 1024,
} as const

const nullable = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value): z.output<T> | undefined => value ?? undefined)
/** Text that YAML takes for a number without quotes, such as `mode: 644`, `owner: 0` and `kernel: 6.1`. */
const orNumber = <T extends z.ZodType<string, string>>(schema: T) =>
  z.union([schema, z.number().min(0).transform(String).pipe(schema)])
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
  welcome: nullable(linesSchema(10_000)),
})

export const driveSchema = z.strictObject({
  /** A named image, or a reference to a registry (`units/image-reference.ts`). */
  source: nullable(wordSchema(500).min(1)),
  mount: nullable(mountPointSchema),
  size: nullable(bytesSchema),
  filesystem: nullable(z.enum(['ext4', 'ext2', 'ext3', 'xfs', 'btrfs'])),
  readOnly: nullable(z.boolean()),
  /** Ramet's own. Of a root drive: its filesystem lies in the one partition of a table of this kind, as on a server. */
  partitioned: nullable(z.enum(['mbr', 'gpt'])),
  persistent: nullable(z.boolean()),
  snapshot: nullable(z.strictObject({ id: wordSchema(200), leaseId: nullable(wordSchema(200)) })),
})
export type ManifestDrive = z.infer<typeof driveSchema>

export const interfaceSchema = z.strictObject({ network: dnsLabelSchema, address: nullable(ipv4WithMask) })

export const startupFileSchema = z.strictObject({
  path: filePathSchema,
  /** Bytes for the guest, whatever they are. */
  content: nullable(z.string().max(limits.startupFileBytes)),
  /** Ramet's own: a file beside the manifest that has the content, in a folder of the catalogue. */
  source: nullable(relativePathSchema),
  append: nullable(z.boolean()),
  /** `user`, `user:group` or ids; default 0:0. */
  owner: nullable(orNumber(fileOwnerSchema)),
  mode: nullable(orNumber(z.string().regex(/^(0o)?[0-7]{3,4}$/, 'must be an octal mode such as "644"'))),
})

/** The legacy form is a plain string (`kernel: "6.1"`). */
const kernelSchema = z.union([
  orNumber(wordSchema(200)),
  z.strictObject({ source: nullable(orNumber(wordSchema(200))) }).transform((kernel) => kernel.source ?? ''),
])

export const machineSchema = z.strictObject({
  name: dnsLabelSchema,
  users: list(userSchema, limits.users),
  /** A hint: every machine runs in QEMU. */
  backend: nullable(wordSchema(200)),
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

export const tabSchema = z.strictObject({
  kind: nullable(z.enum(['terminal', 'ide', 'http-port', 'web-page', 'kexp'])),
  id: nullable(lineSchema(1, 200)),
  machine: nullable(dnsLabelSchema),
  name: nullable(lineSchema(1, 120)),
  number: nullable(z.number().int().min(1).max(65535)),
  tls: nullable(z.boolean()),
  hostRewrite: nullable(hostSchema),
  pathRewrite: nullable(wordSchema(2048)),
  url: nullable(pageUrlSchema),
  access: nullable(z.enum(['private', 'public'])),
  pane: nullable(lineSchema(0, 50)),
})

export type ManifestTab = z.infer<typeof tabSchema>

/** `KEY=value`, or a map of them. `x(.needs.TASK.stdout)` in a value stands for the output of a task that it needs (plan/task-script.ts). */
const environmentSchema = z.union([
  list(linesSchema(10_000, 2).regex(/^[A-Za-z_]\w*=/, 'must be KEY=value'), 50),
  z
    .record(z.string().regex(/^[A-Za-z_]\w*$/, 'must be the name of a variable'), orNumber(linesSchema(10_000)))
    .transform((map) => Object.entries(map).map(([key, value]) => `${key}=${value}`)),
])

/**
 * Three kinds (plan/task-kind.ts): one that prepares the playground (`init`, which is the default), one that is repeated until it exits with 0 (`init: false`), and one that
 * is repeated for as long as the run is on (`helper`).
 */
export const initTaskSchema = z.strictObject({
  name: nullable(lineSchema(0, 200)),
  init: nullable(z.boolean()),
  helper: nullable(z.boolean()),
  /** Default: the first machine. */
  machine: nullable(dnsLabelSchema),
  user: nullable(userNameSchema),
  run: linesSchema(100_000, 1),
  needs: list(lineSchema(0, 200), limits.initTasks),
  env: environmentSchema,
  /** Runs after a try of a repeated task that did not exit with 0; what it prints is shown as a hint. */
  hintcheck: nullable(linesSchema(100_000)),
  /** Runs before each try of a repeated task; when it does not exit with 0 the task has failed. */
  failcheck: nullable(linesSchema(100_000)),
  /** Both spellings are met: labctl's and the Terraform provider's (`timeoutSeconds`, renamed in `parse-manifest.ts`). */
  timeout_seconds: nullable(z.number().int().min(1).max(86_400)),
  conditions: list(z.strictObject({ key: lineSchema(0, 100), value: lineSchema(0, 1000) }), 20),
  status: nullable(z.number().int()),
})
export type ManifestInitTask = z.infer<typeof initTaskSchema>

const initConditionSchema = z.strictObject({
  key: lineSchema(1, 100),
  default: nullable(lineSchema(0, 1000)),
  nullable: nullable(z.boolean()),
  options: list(lineSchema(0, 1000), 100),
  placeholder: nullable(lineSchema(0, 1000)),
  validationRegex: nullable(lineSchema(0, 500)),
})

export const portForwardSchema = z.strictObject({
  kind: z.enum(['local', 'remote']),
  machine: dnsLabelSchema,
  localHost: nullable(hostSchema),
  localPort: nullable(z.number().int().min(0).max(65535)),
  remoteHost: nullable(hostSchema),
  remotePort: nullable(z.number().int().min(0).max(65535)),
})

/** Whoever the original knows, and what it may know later: `unsupported.ts` tells of it. */
const accessList = list(wordSchema(200).min(1), 1000)

/** The inner part of a manifest: what a playground *is*. Also spread at the top level of the API's playground bodies. */
export const manifestSpecSchema = z.strictObject({
  networks: list(networkSchema, limits.networks),
  machines: list(machineSchema, limits.machines),
  tabs: list(tabSchema, limits.tabs),
  initTasks: nullable(z.record(z.string(), initTaskSchema)),
  initConditions: nullable(z.strictObject({ values: list(initConditionSchema, 50) })),
  registryAuth: nullable(wordSchema(10_000)),
  portForwards: list(portForwardSchema, 100),
  accessControl: nullable(z.strictObject({ canList: accessList, canRead: accessList, canStart: accessList })),
  /** Deprecated form of accessControl. */
  access: nullable(z.strictObject({ mode: z.enum(['private', 'public']), users: list(wordSchema(200), 1000) })),
})
export type ManifestSpec = z.infer<typeof manifestSpecSchema>

export const manifestSchema = z.strictObject({
  kind: z.literal('playground'),
  name: nullable(dnsLabelSchema),
  base: nullable(dnsLabelSchema),
  title: lineSchema(5, limits.title),
  description: nullable(linesSchema(limits.description)),
  categories: list(lineSchema(0, 100), 20),
  markdown: nullable(linesSchema(limits.markdown)),
  cover: nullable(coverSchema),
  playground: manifestSpecSchema,
})
export type Manifest = z.infer<typeof manifestSchema>

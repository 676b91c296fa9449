import { z } from 'zod'
import { planTabSchema } from './tabs.ts'
import { taskKinds } from './task-kind.ts'

/**
 * What a run is made of, with every default and address resolved. It is kept with the run as JSON, so that a later change of its playground or of
 * our defaults changes no existing run. Inside addresses, names and MACs never change, whatever is cloned.
 *
 * A new field is optional or has a default. An incompatible change is a new version, which `parseRunPlan` converts.
 */

const planNetworkSchema = z.object({
  name: z.string(),
  subnet: z.string(),
  gateway: z.string(),
  private: z.boolean(),
})

/** Drives stand in guest order: the first is vda, the root. `source`: name of the image it begins from; absent: empty. `partitioned`: that image's filesystem lies in a partition. */
const planDriveSchema = z.object({
  source: z.string().optional(),
  mount: z.string().optional(),
  filesystem: z.string().optional(),
  sizeBytes: z.number().int().positive(),
  readOnly: z.boolean(),
  partitioned: z.enum(['mbr', 'gpt']).optional(),
  /** False: what is written to it ends with its machine's power. */
  persistent: z.literal(false).optional(),
})

/** `gateway`: on the interface that has the default route. */
const planInterfaceSchema = z.object({
  network: z.string(),
  mac: z.string(),
  address: z.string(),
  prefixLength: z.number().int(),
  gateway: z.string().optional(),
})

const planUserSchema = z.object({ name: z.string(), default: z.boolean(), welcome: z.string().optional() })

const planFileSchema = z.object({
  path: z.string(),
  content: z.string(),
  append: z.boolean(),
  owner: z.string(),
  mode: z.string(),
})

/** `noSSH`: no terminal and no ssh for people; the platform's own link is there all the same. `kernel`: absent: the platform's. */
const planMachineSchema = z.object({
  name: z.string(),
  users: z.array(planUserSchema).readonly(),
  cpuCount: z.number().int().positive(),
  ramMiB: z.number().int().positive(),
  noSSH: z.boolean(),
  kernel: z.literal('own').optional(),
  drives: z.array(planDriveSchema).readonly(),
  interfaces: z.array(planInterfaceSchema).readonly(),
  startupFiles: z.array(planFileSchema).readonly(),
})

/**
 * Runs once in a lineage, when everything it needs has completed. `run`: a script for bash, or for /bin/sh where there is none. `kind`: absent for an init task. The other kinds
 * are repeated, begin when all init tasks have completed too, and may have checks: `failcheck` before each try, `hintcheck` after one that did not succeed. `env`: KEY=value.
 */
const planTaskSchema = z.object({
  name: z.string(),
  machine: z.string(),
  user: z.string(),
  run: z.string(),
  needs: z.array(z.string()).readonly(),
  timeoutSeconds: z.number(),
  kind: z.enum(taskKinds).optional(),
  env: z.array(z.string()).readonly().optional(),
  hintcheck: z.string().optional(),
  failcheck: z.string().optional(),
})

export const planForwardSchema = z.object({
  kind: z.enum(['local', 'remote']),
  machine: z.string(),
  localHost: z.string().optional(),
  localPort: z.number().optional(),
  remoteHost: z.string().optional(),
  remotePort: z.number().optional(),
})

/**
 * `portForwards`: those of its manifest. `initConditions`: values that chose among its init tasks. `changes`: what was asked for otherwise than the playground has it, as phrases. `notices`: what the host could not give, as sentences. `tasks` and `tabs` are absent in plans made before there were any. `rerunInit`: users, startup files and tasks are done again in this run, although its
 * lineage has them; a word of its own, so that a clone of the run does not do it once more.
 */
export const runPlanSchema = z.object({
  version: z.literal(1).default(1),
  machines: z.array(planMachineSchema).min(1).readonly(),
  networks: z.array(planNetworkSchema).readonly(),
  tasks: z.array(planTaskSchema).readonly().optional(),
  tabs: z.array(planTabSchema).readonly().optional(),
  portForwards: z.array(planForwardSchema).readonly().optional(),
  rerunInit: z.string().optional(),
  initConditions: z.record(z.string(), z.string()).readonly().optional(),
  changes: z.array(z.string()).readonly().optional(),
  notices: z.array(z.string()).readonly().optional(),
})

export type RunPlan = Readonly<z.infer<typeof runPlanSchema>>
export type PlanMachine = RunPlan['machines'][number]
export type PlanNetwork = RunPlan['networks'][number]
export type PlanDrive = PlanMachine['drives'][number]
export type PlanInterface = PlanMachine['interfaces'][number]
export type PlanTask = NonNullable<RunPlan['tasks']>[number]

/** Name of the image that a drive begins from; undefined: empty. Each image is there in a partition too. */
export const imageOf = ({ source, partitioned }: Pick<PlanDrive, 'source' | 'partitioned'>): string | undefined =>
  source === undefined || partitioned === undefined ? source : `${source}+${partitioned}`

/** Parses the plan of a row, or returns why it cannot be read, as a sentence. Never throws: one bad row must not break a list. */
export function parseRunPlan(text: string): { readonly plan: RunPlan } | { readonly unreadable: string } {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    return { unreadable: `Its plan is no JSON: ${(error as Error).message}` }
  }
  const parsed = runPlanSchema.safeParse(document)
  if (parsed.success) return { plan: parsed.data }
  const [issue] = parsed.error.issues
  return { unreadable: `Its plan cannot be read: ${issue?.path.join('.') || 'the plan'}: ${issue?.message ?? 'not valid'}` }
}

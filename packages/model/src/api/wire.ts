import { z } from 'zod'
import { accessListsSchema } from '../access/sharing.ts'
import { problemSchema } from '../errors/error.ts'
import { limits, manifestSchema } from '../manifest/manifest.ts'
import { storedSpecSchema } from '../manifest/stored-spec.ts'
import { tweaksSchema } from '../manifest/tweak-spec.ts'
import { unknownFieldsSchema } from '../manifest/unknown-fields.ts'
import { planTabSchema } from '../plan/tabs.ts'
import { atEnds, mostMinutes } from '../run/lifetime.ts'
import { machineStateSchema, runStateSchema, wantedStateSchema } from '../run/run-state.ts'
import { taskStatusSchema } from '../run/task-state.ts'
import { dnsLabelSchema, runIdSchema, titleSchema } from '../units/names.ts'
import { coverSchema } from '../units/page-url.ts'
import { lineSchema, linesSchema, wordSchema } from '../units/plain-text.ts'
import { wireMachineSchema, wireTaskSchema } from './wire-spec.ts'

/**
 * Bodies of the HTTP API. They keep the shape of iximiuz's (reference/labctl-api.md, part 2), so on the wire a run is a `play`;
 * fields that only Ramet has are marked as such. Times are RFC 3339 strings.
 */

export const conditionSchema = z.object({
  name: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  lastTransitionAt: z.string(),
  message: z.string().optional(),
})
export type Condition = z.infer<typeof conditionSchema>

/** `error`: the run failed; labctl reads a boolean here, and nothing of a run whose history has anything else. `message`, Ramet's own: why, as a sentence. */
export const stateEventSchema = z.object({
  state: runStateSchema,
  at: z.string(),
  error: z.boolean().optional(),
  message: z.string().optional(),
})
export type StateEvent = z.infer<typeof stateEventSchema>

export const progressSchema = z.object({
  /** Name of the step or build under way. */
  step: z.string(),
  /** A sentence for people. */
  message: z.string(),
  /** 0 to 100, absent when it cannot be told. */
  percent: z.number().min(0).max(100).optional(),
})
export type Progress = z.infer<typeof progressSchema>

export const failureSchema = z.object({ code: z.string(), message: z.string(), hint: z.string().optional() })
export type Failure = z.infer<typeof failureSchema>

export const playMachineSchema = z.object({
  name: z.string(),
  users: z.array(z.object({ name: z.string(), default: z.boolean().optional(), welcome: z.string().optional() })),
  resources: z.object({ cpuCount: z.number(), ramSize: z.string() }),
  /** Ramet's own, from here on. */
  state: machineStateSchema,
  noSSH: z.boolean(),
  /** It boots the kernel of its root drive; absent: the platform's. */
  kernel: z.literal('own').optional(),
  /** The machine's address as the host of the server reaches it; absent while it is off. */
  hostAddress: z.string().optional(),
  interfaces: z.array(z.object({ name: z.string(), network: z.string(), address: z.string(), mac: z.string() })),
  drives: z.array(
    z.object({
      source: z.string().optional(),
      mount: z.string().optional(),
      /** Absent on a drive that is handed over raw. */
      filesystem: z.string().optional(),
      sizeBytes: z.number(),
      readOnly: z.boolean(),
      /** Kind of the partition table that it began with. */
      partitioned: z.enum(['mbr', 'gpt']).optional(),
      /** False: it begins anew whenever its machine was switched off. */
      persistent: z.literal(false).optional(),
    }),
  ),
})
export type PlayMachine = z.infer<typeof playMachineSchema>

export const playTaskSchema = z.object({
  name: z.string(),
  init: z.boolean(),
  helper: z.boolean(),
  /** See task-state.ts. */
  status: taskStatusSchema,
  /** Grows with each change. */
  version: z.int(),
})
export type PlayTask = z.infer<typeof playTaskSchema>

/** GET /plays/{id}/tasks. */
export const playTaskDetailsSchema = playTaskSchema.extend({
  machine: z.string(),
  needs: z.array(z.string()),
  run: z.string(),
  /** `KEY=value`. */
  env: z.array(z.string()).optional(),
  user: z.string(),
  timeoutSeconds: z.int(),
  /** Absent until the task ended by itself. Of a task that is repeated: of its last try. */
  exitCode: z.int().optional(),
  /** At most 64 KiB each: the beginning, and the end of what is longer. Of a task that runs: what came so far. */
  stdout: z.string(),
  stderr: z.string(),
  lastRunAt: z.string().optional(),
  lastDurationMs: z.number().optional(),
  /** Of a task that is repeated: what runs after a try that did not succeed, and the lines that it printed last, which are shown as a hint. */
  hintcheck: z.string().optional(),
  hintcheckExitCode: z.int().optional(),
  hintcheckStdout: z.array(z.string()).optional(),
  hintcheckStderr: z.array(z.string()).optional(),
  /** What runs before each try; when it does not exit with 0 the task has failed. */
  failcheck: z.string().optional(),
  failcheckExitCode: z.int().optional(),
  failcheckStdout: z.array(z.string()).optional(),
  failcheckStderr: z.array(z.string()).optional(),
  /** Ramet's own: why a task failed that did not end by itself, as a sentence. */
  reason: z.string().optional(),
})
export type PlayTaskDetails = z.infer<typeof playTaskDetailsSchema>

export const playSchema = z.object({
  id: z.string(),
  title: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  lastStateAt: z.string(),
  /** Milliseconds until its time is over; of a run without an end a hundred years, which labctl shows as a long while. */
  expiresIn: z.number(),
  /** How long it may be on at a time, as Go prints durations (`8h0m0s`); absent: without end. */
  maxPlayTime: z.string().optional(),
  /** Ramet's own: when its time is over. Absent while it is off, and without an end. */
  expiresAt: z.string().optional(),
  /** Ramet's own: what is done with it then. */
  atEnd: z.enum(atEnds).optional(),
  /** Ramet's own: its end, as a sentence, when that is near or it is off by it. */
  ending: z.string().optional(),
  pageUrl: z.string(),
  playground: z.object({ name: z.string(), title: z.string(), owner: z.string(), pageUrl: z.string() }),
  machines: z.array(playMachineSchema),
  status: z.object({
    factoryId: z.string(),
    stateEvents: z.array(stateEventSchema),
    machines: z.array(z.object({ name: z.string(), state: machineStateSchema, conditions: z.array(conditionSchema) })),
  }),
  tasks: z.record(z.string(), playTaskSchema),
  /** Ramet's own: each init task has completed, failed, or can never begin since what it needs failed (task-state.ts). True without any; repeated tasks do not count. */
  initTasksOver: z.boolean(),
  /** Ramet's own, from here on. `state` repeats the last state event. */
  state: runStateSchema,
  wanted: wantedStateSchema,
  progress: progressSchema.optional(),
  failure: failureSchema.optional(),
  /** The run that it is a clone of. */
  clonedFrom: z.object({ id: z.string(), title: z.string() }).optional(),
  /** How it came up last: booted; resumed with memory of its own or of its source; or with that of a playground kept warm. Absent before its first start. */
  startKind: z.enum(['cold', 'warm', 'resumed']).optional(),
  /** Why so, as a sentence. */
  startReason: z.string().optional(),
  /** UUID of its last resume, which the guests have in /run/ramet/epoch. Absent after a boot. */
  epoch: z.string().optional(),
  /** The memory with which its next start goes on. */
  snapshot: z.object({ at: z.string(), bytes: z.number() }).optional(),
  networks: z.array(z.object({ name: z.string(), subnet: z.string(), gateway: z.string().optional(), private: z.boolean() })),
  tabs: z.array(planTabSchema),
  /** Values that its init conditions have; absent without any. */
  initConditions: z.record(z.string(), z.string()).optional(),
  /** What was changed of its playground when it was started, as phrases; absent without changes. */
  changes: z.array(z.string()).optional(),
  /** What its playground asks for and this host cannot give, as sentences; absent when it has all. */
  notices: z.array(z.string()).optional(),
})
export type Play = z.infer<typeof playSchema>

/** Of a list of runs, newest first. Query strings, so texts. */
export const pageSchema = z.object({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'must be a number from 1 to 999')
    .transform(Number)
    .optional(),
  cursor: runIdSchema.optional(),
})

/** A name to look something up by; one that nothing has is `not_found`. */
const lookedUp = lineSchema(0, 200)

/** Of a session of a run. */
const lifetimeMinutes = z.int().min(0).max(mostMinutes, `must be at most ${mostMinutes}`)

export const createPlaySchema = z.object({
  playground: lookedUp,
  title: titleSchema.optional(),
  /** What somebody else wrote is to run. Asked once a person, playground and author (`consent_needed`). */
  safetyDisclaimerConsent: z.boolean().nullish(),
  asFreeTierUser: z.boolean().nullish(),
  /** Users, startup files and init tasks of a saved playground are done again, although its drives have been through them. */
  rerunInit: z.boolean().optional(),
  /** Ramet's own: its machines boot, although its playground is kept warm. */
  cold: z.boolean().optional(),
  /** Ramet's own: how long it may be on at a time; 0 or absent: without end. */
  maxPlayTimeMinutes: lifetimeMinutes.nullish(),
  /** Ramet's own: what is done with it then; default: it is stopped. */
  atEnd: z.enum(atEnds).nullish(),
  /** Parts of the playground that this run has otherwise (`start -f`), as in a manifest: each replaces the playground's; a machine takes over what it does not say. */
  tabs: z.unknown().optional(),
  networks: z.unknown().optional(),
  machines: z.unknown().optional(),
  initTasks: z.unknown().optional(),
  /** Ramet's own: small changes, by names of machines. They come after those above. */
  tweaks: tweaksSchema.nullish(),
  /** Values of the playground's init conditions, by key; the others have their defaults. */
  initConditions: z
    .record(lineSchema(1, 100), lineSchema(0, 1000))
    .refine((values) => Object.keys(values).length <= 50, 'must have at most 50')
    .nullish(),
})
export type CreatePlay = z.infer<typeof createPlaySchema>

export const playActionSchema = z.discriminatedUnion('action', [
  /** `powerOff`: the guests are shut down. Otherwise their memory is kept, if that can be done. */
  z.object({ action: z.literal('stop'), powerOff: z.boolean().optional() }),
  /** `cold`: the guests boot from their drives, and the memory that was kept is gone. */
  z.object({ action: z.literal('restart'), cold: z.boolean().optional() }),
  z.object({ action: z.literal('destroy') }),
  z.object({ action: z.literal('make_persistent') }),
  z.object({ action: z.literal('set_title'), title: titleSchema }),
  /** 0: without end. `atEnd`, Ramet's own: what is done with the run then. `make_persistent` makes it stop. */
  z.object({ action: z.literal('set_max_play_time'), maxPlayTimeMinutes: lifetimeMinutes, atEnd: z.enum(atEnds).optional() }),
  /** Ramet's own: a task that failed begins again, and what waited for it goes on after it. */
  z.object({ action: z.literal('task.retry'), task: lookedUp }),
  z.object({ action: z.enum(['machine.stop', 'machine.restart', 'machine.reboot']), machine: lookedUp }),
  z.object({ action: z.literal('machine.console.list'), machine: lookedUp }),
  z.object({ action: z.literal('machine.console.read'), machine: lookedUp, console: lookedUp }),
])
export type PlayAction = z.infer<typeof playActionSchema>

/** What is in `registryAuth` is never shown again. */
export const playgroundSchema = storedSpecSchema.omit({ registryAuth: true, machines: true, initTasks: true }).extend({
  machines: z.array(wireMachineSchema),
  initTasks: z.record(z.string(), wireTaskSchema).optional(),
  id: z.string(),
  /** Empty: one of the official catalogue. */
  owner: z.string(),
  name: z.string(),
  base: z.string(),
  title: z.string(),
  description: z.string(),
  categories: z.array(z.string()),
  cover: z.string().optional(),
  markdown: z.string().optional(),
  published: z.boolean(),
  pageUrl: z.string(),
  createdAt: z.string(),
  /** Ramet's own: in a word, who may start it. */
  visibility: z.enum(['public', 'limited', 'private']),
  /** Ramet's own: of somebody else's, the name of whoever shares it. */
  ownerName: z.string().optional(),
  /** Ramet's own: told to its owner and its co-authors. */
  role: z.enum(['owner', 'co-author']).optional(),
  /** Ramet's own: names of those who write it with its owner; told to them. */
  coAuthors: z.array(z.string()).optional(),
  /** Ramet's own: name of whom its owner offers it to; told to both. */
  offeredTo: z.string().optional(),
  userAccess: z.object({ canList: z.boolean(), canRead: z.boolean(), canStart: z.boolean() }),
  /** Ramet's own: the run that it was saved from. Its drives begin with what that run's held, not with their images. */
  savedFrom: z.object({ id: z.string(), title: z.string() }).optional(),
  /** Ramet's own: it comes from the team's folder (RAMET_CATALOG). */
  team: z.boolean().optional(),
  /** Ramet's own: registries that its images have yet to come from, and whether each is within reach. Absent: all is here, or is built here. */
  registries: z.array(z.object({ host: z.string(), isReachable: z.boolean() })).optional(),
  /** Ramet's own, in the answer to its making alone: what of the manifest is not acted on. */
  warnings: z.array(problemSchema).optional(),
})
export type Playground = z.infer<typeof playgroundSchema>

/** A folder of the team's catalogue that cannot be taken as it is. One that was good before is still offered as it was. */
export const brokenPlaygroundSchema = z.object({ name: z.string(), problems: z.array(problemSchema) })
export type BrokenPlayground = z.infer<typeof brokenPlaygroundSchema>

/** GET /catalog. Ramet's own. */
export const catalogSchema = z.object({ broken: z.array(brokenPlaygroundSchema) })
export type CatalogSight = z.infer<typeof catalogSchema>

/** POST /playgrounds, as labctl sends it: the manifest's inner part spread at the top level, absent lists as null. Validated by the manifest's own rules. */
export const createPlaygroundSchema = z.looseObject({
  /** Default: from the title. */
  name: z.string().nullish(),
  /** May be left out by one that describes its machines in full. */
  base: z.string().nullish(),
  /** Ramet's own: refuses what is only warned of. */
  strict: z.boolean().nullish(),
  /** Ramet's own: fields that a client found unknown in the manifest, by their place in it; kept. */
  unknownFields: unknownFieldsSchema,
})
export type CreatePlayground = z.infer<typeof createPlaygroundSchema>

/** POST /manifests/check: the YAML text; `fileName` is only quoted in the problems found. */
export const checkManifestSchema = z.object({ text: z.string(), fileName: lineSchema(0, 4096).default('manifest.yaml') })

/** What may be said anew of a playground of one's own. What it is made of never changes: that would be another playground. */
export const changePlaygroundSchema = z.strictObject({
  title: manifestSchema.shape.title.optional(),
  description: linesSchema(limits.description).optional(),
  categories: z.array(lineSchema(1, 100)).max(20, 'must have at most 20').optional(),
  markdown: linesSchema(limits.markdown).optional(),
  cover: coverSchema.optional(),
  /** Who else may use it, as a whole. */
  accessControl: accessListsSchema.optional(),
  /** Names of those who may change it too, but neither remove it nor give it away; its owner's to say. */
  coAuthors: z.array(wordSchema(64).min(1)).max(100, 'must have at most 100').optional(),
})
export type ChangePlayground = z.infer<typeof changePlaygroundSchema>

/** POST /playgrounds/{name}/transfer: by its owner. */
export const offerPlaygroundSchema = z.strictObject({ to: wordSchema(64).min(1) })
/** POST /playgrounds/{name}/offer: by whom it is offered to. */
export const answerOfferSchema = z.strictObject({ take: z.boolean() })

/** What goes on without a playground that was removed; their layers stay. */
export const removedPlaygroundSchema = z.object({
  name: z.string(),
  runs: z.array(z.object({ id: z.string(), title: z.string() })),
  /** Names of playgrounds that have it for their base. */
  playgrounds: z.array(z.string()),
})
export type RemovedPlayground = z.infer<typeof removedPlaygroundSchema>

export const maxClones = 100
export const clonePlaySchema = z.strictObject({
  count: z.number().int().min(1, 'must be at least 1').max(maxClones, `must be at most ${maxClones}`).default(1),
  /** Default: that of the source with `(clone)`. Further ones are numbered. */
  title: titleSchema.optional(),
  /** Starts them too. Otherwise they are stopped runs, and have no file until they start. */
  start: z.boolean().default(false),
  /** Of a run that runs: they go on where it is at one instant, with its memory and the connections between its machines. They are started. */
  live: z.boolean().default(false),
})
export type ClonePlay = z.input<typeof clonePlaySchema>

export const savePlaySchema = changePlaygroundSchema.omit({ cover: true, accessControl: true, coAuthors: true }).extend({
  /** Exactly this; `name_taken` proposes another one. */
  name: dnsLabelSchema,
})
export type SavePlay = z.infer<typeof savePlaySchema>

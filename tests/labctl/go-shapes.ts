import { z } from 'zod'

/**
 * What labctl decodes, as Go's encoding/json does: a wrong type fails, null and absent leave the zero value, unknown fields are ignored. Written from the reference alone
 * (labctl-api.md, parts 2 and 3), not from our own schemas.
 */
const goString = z.string().nullish()
const goBool = z.boolean().nullish()
const goInt = z.int().nullish()
const goList = <T extends z.ZodType>(item: T) => z.array(item).nullish()
const goMap = <T extends z.ZodType>(item: T) => z.record(z.string(), item).nullish()
const goStruct = <T extends z.ZodRawShape>(shape: T) => z.object(shape).nullish()
/** time.Time: RFC 3339, and never empty. */
const goTime = z.iso.datetime({ offset: true }).nullish()

const strings = goList(goString)

const condition = goStruct({ name: goString, status: goString, lastTransitionAt: goTime, message: goString })
const playStatus = {
  factoryId: goString,
  stateEvents: goList(goStruct({ state: goString, error: goBool, at: goString })),
  machines: goList(goStruct({ name: goString, state: goString, conditions: goList(condition) })),
}
const user = goStruct({ name: goString, default: goBool, welcome: goString })
const playTask = { name: goString, init: goBool, helper: goBool, status: goInt, version: goInt }

const machine = goStruct({
  name: goString,
  users: goList(user),
  backend: goString,
  kernel: goStruct({ source: goString, snapshot: goStruct({ id: goString, leaseId: goString }) }),
  drives: goList(
    goStruct({
      source: goString,
      mount: goString,
      size: goString,
      filesystem: goString,
      readOnly: goBool,
      persistent: goBool,
      snapshot: goStruct({ id: goString, leaseId: goString }),
    }),
  ),
  network: goStruct({ interfaces: goList(goStruct({ network: goString, address: goString })) }),
  resources: goStruct({ cpuCount: goInt, ramSize: goString }),
  startupFiles: goList(goStruct({ path: goString, content: goString, append: goBool, owner: goString, mode: goString })),
  noSSH: goBool,
})

const initTask = {
  name: goString,
  init: goBool,
  machine: goString,
  user: goString,
  run: goString,
  needs: strings,
  timeout_seconds: goInt,
  conditions: goList(goStruct({ key: goString, value: goString })),
  status: goInt,
}

const portForward = goStruct({
  kind: goString,
  machine: goString,
  localHost: goString,
  localPort: goInt,
  remoteHost: goString,
  remotePort: goInt,
})

export const playground = z.object({
  id: goString,
  owner: goString,
  name: goString,
  base: goString,
  title: goString,
  description: goString,
  categories: strings,
  cover: goString,
  markdown: goString,
  published: goBool,
  pageUrl: goString,
  networks: goList(goStruct({ name: goString, subnet: goString, gateway: goString, private: goBool })),
  machines: goList(machine),
  tabs: goList(
    goStruct({
      id: goString,
      kind: goString,
      machine: goString,
      name: goString,
      number: goInt,
      tls: goBool,
      hostRewrite: goString,
      pathRewrite: goString,
      url: goString,
      access: goString,
      pane: goString,
    }),
  ),
  initTasks: goMap(goStruct(initTask)),
  initConditions: goStruct({
    values: goList(
      goStruct({
        key: goString,
        default: goString,
        nullable: goBool,
        options: strings,
        placeholder: goString,
        validationRegex: goString,
      }),
    ),
  }),
  registryAuth: goString,
  portForwards: goList(portForward),
  accessControl: goStruct({ canList: strings, canRead: strings, canStart: strings }),
  userAccess: goStruct({ canList: goBool, canRead: goBool, canStart: goBool }),
})

export const play = z.object({
  id: z.string().regex(/^[0-9a-f]{24}$/),
  title: goString,
  createdAt: goTime,
  updatedAt: goTime,
  lastStateAt: goTime,
  expiresIn: goInt,
  maxPlayTime: z
    .string()
    .regex(/^(\d+h)?(\d+m)?\d+s$/)
    .nullish(),
  status: z.object(playStatus),
  playground,
  pageUrl: goString,
  // labctl reads the first without looking whether there is one.
  machines: z
    .array(z.object({ name: z.string(), users: goList(user), resources: goStruct({ cpuCount: goInt, ramSize: goString }) }))
    .min(1),
  // A task's frame on a map that is not there ends labctl.
  tasks: z.record(z.string(), z.object(playTask)),
})
export type GoPlay = z.infer<typeof play>

export const taskDetails = z.array(
  z.object({
    ...playTask,
    machine: goString,
    needs: strings,
    run: goString,
    env: strings,
    user: goString,
    timeoutSeconds: goInt,
    exitCode: goInt,
    stdout: goString,
    stderr: goString,
    lastRunAt: goTime,
    lastDurationMs: goInt,
    hintcheck: goString,
    hintcheckExitCode: goInt,
    hintcheckStdout: strings,
    hintcheckStderr: strings,
    failcheck: goString,
    failcheckExitCode: goInt,
    failcheckStdout: strings,
    failcheckStderr: strings,
    dataPlaneOnly: goBool,
    controlPlaneOnly: goBool,
  }),
)

export const session = z.object({
  id: z.string().min(1),
  userId: goString,
  authenticated: goBool,
  accessToken: goString,
  authUrl: z.url(),
})
export const me = z.object({
  id: z.string().min(1),
  githubProfileId: goString,
  preferredRegion: goString,
  premiumAccess: goStruct({ until: goString, lifetime: goBool, trial: goBool }),
})
export const token = z.object({
  accessToken: z.string().min(1),
  id: goString,
  kind: goString,
  name: goString,
  scope: strings,
  createdAt: goTime,
  expiresAt: goTime,
})
export const url = z.object({ url: z.url() })
export const tunnel = z.object({ url: z.url(), loginUrl: z.url() })
export const searchResult = z.object({
  items: goList(
    goStruct({ official: goBool, attemptCount: goInt, completionCount: goInt, kind: goString, name: goString, title: goString }),
  ),
})
export const savedForwards = z.array(portForward)
export const port = z.object({
  id: z.string().min(1),
  playId: goString,
  machine: goString,
  number: goInt,
  hostname: goString,
  access: goString,
  tls: goBool,
  hostRewrite: goString,
  pathRewrite: goString,
  url: z.url(),
})
export const shell = z.object({
  id: z.string().min(1),
  playId: goString,
  machine: goString,
  user: goString,
  hostname: goString,
  access: goString,
  url: z.url(),
})
export const scannedPorts = z.array(z.object({ machine: z.string(), number: z.int(), protocol: z.string() }))
export const consoles = z.object({ consoles: z.array(z.string()) })
export const content = z.object({ content: z.string() })
/** Where labctl looks at the status alone. */
export const anything = z.unknown()

export const statusFrame = z.object({
  kind: goString,
  machine: goString,
  task: goStruct(playTask),
  status: goStruct(playStatus),
})
export const journalFrame = z.object({ stdout: goString, stderr: goString, exitCode: goInt, eof: goBool })

/** The provider's own names of two fields (part 0). */
export const terraformPlayground = playground.extend({
  machines: goList(goStruct({ name: goString, noSsh: goBool })),
  initTasks: goMap(z.object({ ...initTask, name: z.string().min(1), timeoutSeconds: goInt })),
})

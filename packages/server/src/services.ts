import type { Duplex } from 'node:stream'
import type { ExecOptions, GuestProcess, GuestTerminal, TerminalOptions } from '@ramet/engine'
import type { Event } from '@ramet/model/api/events.ts'
import type { Check, Finding, Health, Image, Me } from '@ramet/model/api/host.ts'
import type { Lineage } from '@ramet/model/api/lineage.ts'
import type { Usage } from '@ramet/model/api/usage.ts'
import type {
  ChangePlayground,
  CreatePlayground,
  Play,
  Playground,
  PlayTaskDetails,
  RemovedPlayground,
  SavePlay,
} from '@ramet/model/api/wire.ts'
import type { Problem } from '@ramet/model/errors/error.ts'
import type { MachineAction, RunState } from '@ramet/model/run/run-state.ts'
import type { User } from './store/users.ts'

/** What the HTTP layer speaks to. It knows users, requests and frames; everything else is behind these. Each throws RametError. */
export interface Services {
  readonly auth: Auth
  readonly playgrounds: Playgrounds
  readonly runs: Runs
  readonly copies: Copies
  readonly lineages: Lineages
  readonly storage: Storage
  readonly machines: Machines
  readonly images: Images
  readonly events: Events
  readonly host: HostReport
}

export type { User }

/** What a start asks for. Ramet's own: `rerunInit`, `cold` (wire.ts says what they do). */
export interface StartRequest {
  readonly playground: string
  readonly title: string | undefined
  readonly rerunInit: boolean
  readonly cold: boolean
}

export interface Auth {
  /** The user of an API token or session token; undefined when it is not (or no longer) valid. */
  userOf(token: string): Promise<User | undefined>
  /** Trades the login token of the printed link for a browser session; undefined when it is wrong. */
  openSession(loginToken: string): Promise<{ token: string; user: User } | undefined>
  closeSession(token: string): Promise<void>
  me(user: User): Me
}

export interface Playgrounds {
  list(user: User, filter: string | undefined): Promise<Playground[]>
  get(user: User, name: string): Promise<Playground>
  /** Throws InvalidInput with every problem found. */
  create(user: User, body: CreatePlayground): Promise<Playground>
  change(user: User, name: string, body: ChangePlayground): Promise<Playground>
  /** Runs and playgrounds made from it go on; the answer names them. */
  remove(user: User, name: string): Promise<RemovedPlayground>
  checkManifest(text: string, fileName: string): Problem[]
}

export interface PageRequest {
  /** Absent: all that are left. */
  readonly limit?: number | undefined
  /** Id of the last run of the page before. */
  readonly cursor?: string | undefined
}

/** Runs of one user; another user's run is not found. Actions return at once with the run on its way. */
export interface Runs {
  start(user: User, request: StartRequest): Promise<Play>
  /** Newest first. */
  list(user: User, page: PageRequest): Promise<Play[]>
  /** Without those that are destroyed. */
  countByState(user: User): Promise<readonly { readonly state: RunState; readonly count: number }[]>
  get(user: User, id: string): Promise<Play>
  /** Keeps the machines' memory, unless they are to be shut down. */
  stop(user: User, id: string, how: { readonly powerOff: boolean }): Promise<Play>
  /** Goes on with the memory that was kept, unless a boot is wanted: then it is gone. */
  restart(user: User, id: string, how: { readonly cold: boolean }): Promise<Play>
  destroy(user: User, id: string): Promise<Play>
  /** Stops, restarts or reboots one machine of a run that is running. */
  machine(user: User, id: string, action: MachineAction, machine: string): Promise<Play>
  /** In the order of the manifest; of these machines only, or of all when none is named. */
  tasks(user: User, id: string, machines: readonly string[]): Promise<PlayTaskDetails[]>
  setTitle(user: User, id: string, title: string): Promise<Play>
  consoles(user: User, id: string, machine: string): Promise<string[]>
  readConsole(user: User, id: string, machine: string, console: string): Promise<string>
}

export interface CloneRequest {
  readonly count: number
  readonly title: string | undefined
  readonly start: boolean
  /** Of a run that runs, with its memory; the clones are started. */
  readonly live: boolean
}

/** New runs and playgrounds with the content of a run: all its machines and drives, and no byte of them copied. */
export interface Copies {
  clone(user: User, id: string, request: CloneRequest): Promise<Play[]>
  save(user: User, id: string, body: SavePlay): Promise<Playground>
}

export interface Lineages {
  ofRun(user: User, id: string): Promise<Lineage>
  ofPlayground(user: User, name: string): Promise<Lineage>
}

export interface Storage {
  usage(user: User): Promise<Usage>
}

/** Ways into a running machine. Each checks the owner. */
export interface Machines {
  exec(user: User, id: string, machine: string, command: string, options: ExecOptions): Promise<GuestProcess>
  /** `options.user` empty: the machine's default user. */
  terminal(user: User, id: string, machine: string, session: string, options: TerminalOptions): Promise<GuestTerminal>
  console(user: User, id: string, machine: string): Promise<Duplex>
}

export interface Images {
  list(): Image[]
  /** Begins a rebuild; progress comes by events. */
  build(name: string): Promise<Image>
  remove(name: string): Promise<void>
}

export interface Events {
  /** What this user may see, from after `lastEventId` as far as it is remembered, then as it happens. Returns the way to stop. */
  subscribe(user: User, listener: (id: number, event: Event) => void, lastEventId?: number): () => void
}

export interface HostReport {
  health(): Health
  doctor(): Promise<Check[]>
  fsck(how: { isDeep: boolean }): Promise<Finding[]>
}

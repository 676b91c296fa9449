import type { Duplex } from 'node:stream'
import type { ExecOptions, GuestProcess, GuestTerminal, TerminalOptions } from '@ramet/engine/guest/guest.ts'
import type { Problem } from '@ramet/model/error.ts'
import type {
  Check,
  CreatePlay,
  CreatePlayground,
  Event,
  Finding,
  Health,
  Image,
  Me,
  Play,
  Playground,
} from '@ramet/model/wire.ts'

/** What the HTTP layer speaks to. It knows users, requests and frames; everything else is behind these. Each throws RametError. */
export interface Services {
  readonly auth: Auth
  readonly playgrounds: Playgrounds
  readonly runs: Runs
  readonly machines: Machines
  readonly images: Images
  readonly events: Events
  readonly host: HostReport
}

export interface User {
  readonly id: string
  readonly name: string
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
  remove(user: User, name: string): Promise<void>
  checkManifest(text: string, fileName: string): Problem[]
}

/** Runs of one user; another user's run is not found. Actions return at once with the run on its way. */
export interface Runs {
  start(user: User, body: CreatePlay): Promise<Play>
  /** Newest first. */
  list(user: User): Promise<Play[]>
  get(user: User, id: string): Promise<Play>
  stop(user: User, id: string): Promise<Play>
  restart(user: User, id: string): Promise<Play>
  destroy(user: User, id: string): Promise<Play>
  setTitle(user: User, id: string, title: string): Promise<Play>
  consoles(user: User, id: string, machine: string): Promise<string[]>
  readConsole(user: User, id: string, machine: string, console: string): Promise<string>
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
  fsck(): Promise<Finding[]>
}

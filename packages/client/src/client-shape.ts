import type { AskedToken, Credential, Token } from '@ramet/model/api/account.ts'
import type { SeenRun } from '@ramet/model/api/all-runs.ts'
import type { AskedAudit, AuditEntry } from '@ramet/model/api/audit.ts'
import type { Event } from '@ramet/model/api/events.ts'
import type { ChangeGroup, CreateGroup, Group, GroupLink, InviteToGroup } from '@ramet/model/api/groups.ts'
import type { Check, EndedSessions, Finding, Health, Image, ImageDetails, LoginLink, Me } from '@ramet/model/api/host.ts'
import type { AskedJournal, JournalFrame } from '@ramet/model/api/journal.ts'
import type { Lineage } from '@ramet/model/api/lineage.ts'
import type {
  ExposePortRequest,
  ExposeShellRequest,
  Port,
  SavedForward,
  SaveForwardRequest,
  ScannedPort,
  Shell,
} from '@ramet/model/api/ports.ts'
import type {
  AddPasskey,
  Identity,
  Passkey,
  PasskeyOptions,
  ProviderId,
  SignInWays,
  UsePasskey,
} from '@ramet/model/api/sign-in.ts'
import type { AddSshKey, SshGatewayInfo, SshKey } from '@ramet/model/api/ssh.ts'
import type { TlsInfo } from '@ramet/model/api/tls.ts'
import type { Usage } from '@ramet/model/api/usage.ts'
import type {
  ChangeUser,
  CreatedUser,
  CreateUser,
  Invitation,
  RemoveUser,
  SetPassword,
  SignIn,
  UserAccount,
} from '@ramet/model/api/users.ts'
import type {
  CatalogSight,
  ChangePlayground,
  ClonePlay,
  CreatePlay,
  CreatePlayground,
  Play,
  Playground,
  PlayTaskDetails,
  RemovedPlayground,
  SavePlay,
} from '@ramet/model/api/wire.ts'
import type { Problem } from '@ramet/model/errors/error.ts'
import type { AtEnd } from '@ramet/model/run/lifetime.ts'
import type { MachineAction } from '@ramet/model/run/run-state.ts'
import type { EventsOptions } from './events.ts'
import type { MachineStream } from './machine-stream.ts'

export interface ClientOptions {
  /** The server's address, such as `http://127.0.0.1:8420`; a page gives its own origin. */
  readonly endpoint: string
  /** Sent as bearer token. A page has none: its cookie goes along by itself. */
  readonly token?: string | undefined
  readonly fetch?: typeof globalThis.fetch
}

export interface TerminalOptions {
  /** Default: the machine's default user. */
  readonly user?: string | undefined
  readonly cols: number
  readonly rows: number
}

export interface ExecOptions {
  /** Given to the user's login shell as `-c`; absent: an interactive login shell. */
  readonly command?: string | undefined
  readonly user?: string | undefined
  readonly pty?: { readonly term: string; readonly cols: number; readonly rows: number } | undefined
}

export interface UsersClient {
  list(): Promise<UserAccount[]>
  create(body: CreateUser): Promise<CreatedUser>
  /** An earlier invitation ends. */
  invite(name: string): Promise<Invitation>
  change(name: string, to: ChangeUser): Promise<UserAccount>
  /** Without saying what becomes of it, one who has something is refused. */
  remove(name: string, asked?: RemoveUser): Promise<void>
}

/** Classes and teams: those that one owns or is in; for admins all. */
export interface GroupsClient {
  list(): Promise<Group[]>
  create(body: CreateGroup): Promise<Group>
  get(name: string): Promise<Group>
  remove(name: string): Promise<void>
  change(name: string, to: ChangeGroup): Promise<Group>
  invite(name: string, body?: InviteToGroup): Promise<GroupLink>
  /** Ends all its links. */
  closeLinks(name: string): Promise<void>
  /** `token`: of a link. */
  join(token: string): Promise<Group>
  addMembers(name: string, names: readonly string[]): Promise<Group>
  /** Of oneself: leaves it. */
  removeMember(name: string, member: string): Promise<void>
}

/** The API of a server as functions. Written out rather than inferred, so that what programs are shown has names and not their content. */
export interface Client {
  readonly endpoint: string
  health(): Promise<Health>
  me(): Promise<Me>
  /** Exchanges the token of a login link for the browser's session cookie: once, within ten minutes. */
  login(token: string): Promise<Me>
  /** Exchanges a name and its password for the browser's session cookie. */
  signIn(given: SignIn): Promise<Me>
  /** A token for a program, bought with a name and its password. It ends after 30 days. `program`: its name in the list of sessions. */
  tokenOf(given: SignIn, program: string): Promise<Token>
  setPassword(to: SetPassword): Promise<void>
  /** Who there is; for admins. */
  readonly users: UsersClient
  readonly groups: GroupsClient
  /** Sign-in by those who say who people are. A browser alone can follow where they lead. */
  readonly signIns: {
    ways(): Promise<SignInWays>
    /** `to`: path of the server to come back to. */
    begin(provider: string, to?: string): Promise<{ url: string }>
    list(): Promise<Identity[]>
    /** Throws `login_too_old`. */
    connect(provider: ProviderId, to?: string): Promise<{ url: string }>
    disconnect(id: string): Promise<void>
  }
  /** Sign-in by passkeys. A browser alone can ask an authenticator. */
  readonly passkeys: {
    /** Throws `no_passkeys_here`. */
    askToUse(): Promise<PasskeyOptions>
    /** Throws `wrong_passkey`. */
    use(used: UsePasskey): Promise<Me>
    list(): Promise<Passkey[]>
    /** Throws `login_too_old`, `no_passkeys_here`. */
    askToAdd(): Promise<PasskeyOptions>
    add(added: AddPasskey): Promise<Passkey>
    rename(id: string, name: string): Promise<void>
    remove(id: string): Promise<void>
  }
  /** Everybody's runs, for admins. */
  readonly allRuns: {
    page(page: { limit: number; cursor?: string | undefined }): Promise<SeenRun[]>
    /** Returns at once; the run keeps its memory. */
    stop(id: string): Promise<void>
  }
  /** Who did what, newest first; one's own for whoever is no admin. */
  audit(asked?: AskedAudit): Promise<AuditEntry[]>
  /** Makes a login link for a browser. Throws `needs_api_token` in a browser. */
  makeLoginLink(): Promise<LoginLink>
  logout(): Promise<void>
  /** Ends the user's sessions in every browser. */
  endSessions(): Promise<EndedSessions>
  /** Browsers and programs that are logged in, and tokens. */
  readonly sessions: {
    list(): Promise<Credential[]>
    end(id: string): Promise<void>
    makeToken(body: AskedToken): Promise<Token>
  }
  readonly ssh: {
    gateway(): Promise<SshGatewayInfo>
    keys(): Promise<SshKey[]>
    addKey(body: AddSshKey): Promise<SshKey>
    removeKey(id: string): Promise<void>
  }
  tls(): Promise<TlsInfo>
  readonly ports: PortsClient
  readonly playgrounds: PlaygroundsClient
  /** All errors and warnings of a manifest; none when it is good. `fileName` is only quoted in them. */
  checkManifest(text: string, fileName: string): Promise<readonly Problem[]>
  readonly plays: PlaysClient
  readonly images: ImagesClient
  usage(): Promise<Usage>
  doctor(): Promise<Check[]>
  /** `deep`: reads all memory that is kept, which takes a second a gigabyte or more. */
  fsck(how?: { deep?: boolean }): Promise<Finding[]>
  events(events?: EventsOptions): AsyncIterable<Event>
  /** Attaches to the shell named `session` of a machine, which is started at its first use and outlives the connection. */
  terminal(id: string, machine: string, session: string, options: TerminalOptions): MachineStream
  /** Runs a command that ends with the connection. */
  exec(id: string, machine: string, options?: ExecOptions): MachineStream
  /** What a machine writes to its journal, until the signal aborts or `until` is reached. */
  journal(id: string, request?: AskedJournal, signal?: AbortSignal): AsyncGenerator<JournalFrame, void, undefined>
  /** A websocket that is a TCP connection into a machine; `host` empty: the machine itself. */
  openTunnel(id: string, machine: string, host: string, port: number): Promise<WebSocket>
  /** Attaches to the raw serial line. */
  console(id: string, machine: string): MachineStream
}

export interface PortsClient {
  list(id: string): Promise<Port[]>
  /** The same port in the same way once more answers with what is there. */
  expose(id: string, body: ExposePortRequest): Promise<Port>
  remove(id: string, port: string): Promise<void>
  shells(id: string): Promise<Shell[]>
  /** A page with a terminal. The same shell in the same way once more answers with what is there. */
  exposeShell(id: string, body?: ExposeShellRequest): Promise<Shell>
  removeShell(id: string, shell: string): Promise<void>
  /** What answers with HTTP or HTTPS, of one machine or of all. */
  scan(id: string, machine?: string): Promise<ScannedPort[]>
  forwards(id: string): Promise<SavedForward[]>
  saveForward(id: string, body: SaveForwardRequest): Promise<void>
  /** By its place in the list, from 0. */
  removeForward(id: string, index: number): Promise<void>
  /** Opens a tunnel into a machine: each websocket at `url/tunnels/BASE64(:PORT)` with this cookie is one TCP connection. `user`: as whom the machine listens. */
  openTunnel(id: string, machine: string, user?: string): Promise<{ url: string; cookie: string }>
}

export interface PlaygroundsClient {
  list(filter?: string): Promise<Playground[]>
  get(name: string): Promise<Playground>
  create(body: CreatePlayground): Promise<Playground>
  /** Makes it anew from a manifest. Its name, its base and its runs stay as they are. */
  update(name: string, body: CreatePlayground): Promise<Playground>
  /** Title and texts alone. */
  change(name: string, body: ChangePlayground): Promise<Playground>
  /** Offers it to another user, who is its owner when he takes it; undefined: to nobody any more. */
  offer(name: string, to: string | undefined): Promise<Playground>
  /** Takes what is offered to the user, or not. */
  answerOffer(name: string, take: boolean): Promise<void>
  /** Removes a playground; answers with the runs and playgrounds that go on without it. */
  remove(name: string): Promise<RemovedPlayground>
  lineage(name: string): Promise<Lineage>
  /** What of the team's folder cannot be taken as it is. */
  catalog(): Promise<CatalogSight>
}

export interface PlaysClient {
  /** All runs, newest first, fetched by pages. */
  list(): Promise<Play[]>
  /** The newest, or those after the run `cursor`. A page that is not full is the last one. */
  page(page: { limit: number; cursor?: string | undefined }): Promise<Play[]>
  get(id: string, signal?: AbortSignal): Promise<Play>
  start(body: CreatePlay): Promise<Play>
  /** `powerOff`: shuts the guests down instead of keeping their memory. */
  stop(id: string, how?: { powerOff?: boolean }): Promise<Play>
  /** `cold`: boots, although memory was kept. */
  restart(id: string, how?: { cold?: boolean }): Promise<Play>
  destroy(id: string): Promise<Play>
  persist(id: string): Promise<Play>
  machine(id: string, action: MachineAction, machine: string): Promise<Play>
  /** With their output. */
  tasks(id: string, machine?: string): Promise<PlayTaskDetails[]>
  /** Makes a task that failed begin again. */
  retryTask(id: string, task: string): Promise<Play>
  /** How long it may be on at a time; 0: without end. */
  setLifetime(id: string, lifetime: { minutes: number; atEnd?: AtEnd }): Promise<Play>
  setTitle(id: string, title: string): Promise<Play>
  clone(id: string, body?: ClonePlay): Promise<Play[]>
  save(id: string, body: SavePlay): Promise<Playground>
  lineage(id: string): Promise<Lineage>
  /** Names of the serial logs of a machine, one a boot, oldest first. */
  consoles(id: string, machine: string): Promise<readonly string[]>
  readConsole(id: string, machine: string, console: string): Promise<string>
}

export interface ImagesClient {
  list(): Promise<Image[]>
  inspect(name: string): Promise<ImageDetails>
  /** Begins a build (again, if there is one); its progress comes by events and by `list`. */
  build(name: string): Promise<Image>
  /** Sends a folder with a Dockerfile, as a tar archive (`application/x-tar`); `build` with the answer's name builds it. */
  addFolder(names: { name: string; tag?: string | undefined }, archive: Blob): Promise<Image>
  remove(name: string): Promise<void>
}

import type { Duplex } from 'node:stream'
import type { ExecOptions, GuestProcess, GuestTerminal, TerminalOptions } from '@ramet/engine'
import type { AuditAction } from '@ramet/model/access/audited.ts'
import type { CreateToken, Credential, Preferences, Token } from '@ramet/model/api/account.ts'
import type { SeenRun } from '@ramet/model/api/all-runs.ts'
import type { AuditEntry, AuditQuery } from '@ramet/model/api/audit.ts'
import type { ChangeGroup, CreateGroup, Group, GroupLink, InviteToGroup } from '@ramet/model/api/groups.ts'
import type { Check, Finding, Health, Image, ImageDetails, Me } from '@ramet/model/api/host.ts'
import type { Lineage } from '@ramet/model/api/lineage.ts'
import type { AgentTokens, RegisteredAgent } from '@ramet/model/api/oauth.ts'
import type { ExposePort, ExposeShell, SavedForward, SaveForward, ScannedPort } from '@ramet/model/api/ports.ts'
import type { SearchItem, SearchQuery } from '@ramet/model/api/search.ts'
import type { AddPasskey, Identity, Passkey, PasskeyOptions, ProviderId, UsePasskey } from '@ramet/model/api/sign-in.ts'
import type { AddSshKey, SshGatewayInfo, SshKey } from '@ramet/model/api/ssh.ts'
import type { Overrides } from '@ramet/model/api/start-overrides.ts'
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
  BrokenPlayground,
  ChangePlayground,
  CreatePlayground,
  Play,
  Playground,
  PlayTaskDetails,
  RemovedPlayground,
  SavePlay,
} from '@ramet/model/api/wire.ts'
import type { Problem } from '@ramet/model/errors/error.ts'
import type { Tweaks } from '@ramet/model/manifest/tweak-spec.ts'
import type { MachineAction, RunState } from '@ramet/model/run/run-state.ts'
import type { Entry } from './audit/entry.ts'
import type { Told } from './events/told.ts'
import type { ToolScope } from './mcp/scopes.ts'
import type { Lifetime } from './runs/lifetime.ts'
import type { StartKey } from './runs/start-key.ts'
import type { FoundPort } from './store/published-ports.ts'
import type { PublishedPortRow } from './store/schema.ts'
import type { User } from './store/users.ts'

/** Interfaces behind the HTTP layer, which itself knows only users, requests and frames. Each method throws RametError. */
export interface Services {
  readonly audit: Audit
  readonly auth: Auth
  readonly accounts: Accounts
  readonly users: Users
  readonly groups: Groups
  readonly agents: Agents
  readonly playgrounds: Playgrounds
  readonly runs: Runs
  readonly allRuns: AllRuns
  readonly signIns: SignIns
  readonly passkeys: Passkeys
  readonly copies: Copies
  readonly lineages: Lineages
  readonly storage: Storage
  readonly machines: Machines
  readonly images: Images
  readonly events: Events
  readonly sshKeys: SshKeys
  readonly ports: Ports
  readonly host: HostReport
}

export type { User }

/** Options of a start. `rerunInit` and `cold` are Ramet's own (see wire.ts). */
export interface StartRequest {
  readonly playground: string
  readonly title: string | undefined
  readonly rerunInit: boolean
  /** Values of init conditions; the others have their defaults. */
  readonly conditions: Readonly<Record<string, string>>
  readonly cold: boolean
  /** Parts of the playground that the run has otherwise. */
  readonly overrides: Overrides | undefined
  readonly tweaks: Tweaks | undefined
  readonly lifetime: Lifetime
  /** What somebody else wrote is to run; kept, so that it is given once. */
  readonly consent: boolean
  /** A request that comes again with it starts nothing, and is answered with the run that there is. */
  readonly key: StartKey | undefined
}

export interface Auth {
  /** Returns the user of an API token or session token; undefined when it is not valid (any more). */
  userOf(token: string): Promise<User | undefined>
  /** As `userOf`, and for tokens of agents too, which are good at /mcp alone. */
  userAtAgents(token: string): Promise<User | undefined>
  /** As `userOf`, by the SHA-256 of a token (hex): for what lives as long as a login and must not know it. */
  userOfHash(hash: string): Promise<User | undefined>
  /** Trades the token of a login link or an invitation for a browser session; undefined when it was used, has expired or is wrong. */
  openSession(linkToken: string): Promise<{ token: string; user: User } | undefined>
  /** Opens a browser session for a name and a password. `address`: where it comes from. Throws `wrong_password`, `too_many_logins`. */
  signIn(given: SignIn, address: string | undefined, entry?: Entry): Promise<{ token: string; user: User }>
  /** Makes a login link for the user of an API token; undefined for any other token, that of a session too. */
  makeLinkFor(apiToken: string): Promise<{ token: string; expiresAt: Date } | undefined>
  /** False for a session whose login, or whose maker's, is some minutes old: what outlives a session wants a new one. API tokens always are. */
  isFresh(token: string): Promise<boolean>
  closeSession(token: string): Promise<void>
  /** Ends all sessions of a user and closes the open links. Returns how many sessions there were. */
  closeSessionsOf(user: User): Promise<number>
}

/** Who did what. */
export interface Audit {
  /** Begins an entry, which is written once it is known what came of it. `address`: where it comes from. */
  begin(action: AuditAction, address: string | undefined): Entry
  /** Newest first; of others than oneself for admins alone. Throws `not_permitted`. */
  list(user: User, query: AuditQuery): Promise<AuditEntry[]>
}

/** Whoever asks, as far as the audit log needs him. */
export type Teller = Pick<User, 'entry'>

/** Who there is on this server. Routes ask whether the asking user may manage them. */
export interface Users {
  list(): Promise<UserAccount[]>
  /** Throws `name_taken`. */
  create(by: Teller, asked: CreateUser): Promise<CreatedUser>
  /** Makes a link that lets a user in once; an earlier one ends. */
  invite(by: Teller, name: string): Promise<Invitation>
  /** Throws `last_admin`. */
  change(by: Teller, name: string, to: ChangeUser): Promise<UserAccount>
  /** Throws `last_admin`, and `user_has_things` where it is not said what becomes of them. */
  remove(by: Teller, name: string, asked: RemoveUser): Promise<GoneWithUser>
  /** `byToken`: of the request; other sessions of the user end. Throws `wrong_password`, and `fresh_login_needed` where there is no password yet and the login is old. */
  setPassword(user: User, byToken: string, to: SetPassword): Promise<void>
}

/** What goes with a user. */
export interface GoneWithUser {
  /** They are on their way to DESTROYED. */
  readonly runs: readonly string[]
  readonly playgrounds: readonly string[]
}

/** Classes and teams. Each method checks what the user may; a group that he is not in is `not_found`. */
export interface Groups {
  /** Those that he is in or owns; all, for admins. */
  list(user: User): Promise<Group[]>
  /** Throws `name_taken`, `too_many_groups`. */
  create(user: User, asked: CreateGroup): Promise<Group>
  get(user: User, name: string): Promise<Group>
  remove(user: User, name: string): Promise<void>
  change(user: User, name: string, to: ChangeGroup): Promise<Group>
  invite(user: User, name: string, asked: InviteToGroup): Promise<GroupLink>
  /** Ends all its links. */
  closeLinks(user: User, name: string): Promise<void>
  /** Whoever is in it already uses nothing up. Throws `closed_group_link`. */
  join(user: User, token: string): Promise<Group>
  addMembers(user: User, name: string, names: readonly string[]): Promise<Group>
  /** Of oneself: leaves it. Throws `group_owner_stays`. */
  removeMember(user: User, name: string, member: string): Promise<void>
}

/** A user's account, and the programs that act for him. */
export interface Accounts {
  me(user: User): Promise<Me>
  prefer(user: User, preferences: Preferences): Promise<Me>
  /** Makes a session that may do nothing until somebody has let it in. `from`: the address that asks. Throws `too_many_pending_sessions`. */
  beginSession(from: string): { readonly id: string; readonly token: string }
  /** What is told of a session that waits; undefined when there is none. */
  waiting(id: string): WaitingSession | undefined
  /** The user of a session; null while it waits; undefined when the token is not its. */
  userOfSession(id: string, token: string): Promise<User | null | undefined>
  /** Lets a session in, as the user of `token`, no longer than that lives. False when it does not wait (any more). */
  admit(id: string, token: string): Promise<boolean>
  /** Makes a token. One made by a session ends with it at the latest. */
  makeToken(byToken: string, asked: CreateToken): Promise<Token>
  credentials(user: User, currentToken: string): Promise<Credential[]>
  /** Ends a session or token of the user's. That of the command line on the server's machine stays. */
  endCredential(user: User, id: string): Promise<void>
}

/** What an agent asks a person for. */
export interface AgentRequest {
  readonly clientId: string
  readonly agent: RegisteredAgent
  /** One of those that it registered. */
  readonly redirectUri: string
  /** S256 of what it proves itself by. */
  readonly challenge: string
  readonly scopes: readonly ToolScope[]
  /** The address of /mcp as its client knows it. */
  readonly resource: string
  readonly state: string | undefined
  /** The server's address as the browser knows it. */
  readonly issuer: string
}

/** Agents that are let in by OAuth. */
export interface Agents {
  /** Returns the client's id. Throws `invalid_redirect_uri`. */
  register(agent: RegisteredAgent): string
  agentOf(clientId: string): RegisteredAgent | undefined
  /** Keeps a request for whoever `byToken` is, until he lets the agent in or not. Returns its ticket. */
  ask(byToken: string, asked: AgentRequest): string
  /** Undefined for anybody else's. */
  waiting(byToken: string, ticket: string): AgentRequest | undefined
  refuse(byToken: string, ticket: string): AgentRequest | undefined
  /** Lets it in, as the user of `byToken`, no longer than that lives: by a code, good once and for a minute. Undefined when it does not wait (any more). */
  approve(byToken: string, ticket: string): Promise<{ readonly asked: AgentRequest; readonly code: string } | undefined>
  /** Trades a code for tokens. Throws `invalid_grant`, `invalid_target`. */
  redeem(asked: {
    readonly code: string
    readonly clientId: string
    readonly redirectUri: string
    readonly verifier: string
    readonly resource: string | undefined
  }): Promise<AgentTokens>
  /** Trades a refresh token for new tokens of both kinds; one that was traded before ends the login. Throws `invalid_grant`, `invalid_scope`. */
  refresh(asked: {
    readonly refreshToken: string
    readonly clientId: string
    readonly scope: string | undefined
  }): Promise<AgentTokens>
  /** Ends the login that a token of either kind belongs to. */
  revoke(token: string): Promise<void>
}

export interface WaitingSession {
  readonly from: string
  readonly createdAt: Date
}

export interface Playgrounds {
  list(user: User, filter: string | undefined): Promise<Playground[]>
  search(user: User, query: SearchQuery): Promise<{ readonly items: SearchItem[]; readonly total: number }>
  get(user: User, name: string): Promise<Playground>
  /** Throws InvalidInput with every problem found. */
  create(user: User, body: CreatePlayground): Promise<Playground>
  /** Makes it anew from a manifest; runs stay as they are. Throws InvalidInput with every problem found. */
  update(user: User, name: string, body: CreatePlayground): Promise<Playground>
  change(user: User, name: string, body: ChangePlayground): Promise<Playground>
  /** Offers it to somebody, or to nobody any more. Throws `invalid_input`. */
  offer(user: User, name: string, to: string | undefined): Promise<Playground>
  /** Takes what is offered to the user, who is its owner then; or not. */
  answerOffer(user: User, name: string, isTaken: boolean): Promise<Playground | undefined>
  /** Removes a playground. Runs and playgrounds made from it go on; the answer names them. */
  remove(user: User, name: string): Promise<RemovedPlayground>
  /** What of the team's folder cannot be taken as it is. */
  broken(): readonly BrokenPlayground[]
  /** Throws `too_many_manifest_checks` and `manifest_too_complex`. */
  checkManifest(user: User, text: string, fileName: string): Promise<readonly Problem[]>
}

export interface PageRequest {
  /** Absent: all the rest. */
  readonly limit?: number | undefined
  /** Id of the last run of the previous page. */
  readonly cursor?: string | undefined
}

/** Runs of one user; another user's run is `not_found`. Actions return at once, before the run reaches its new state. */
export interface Runs {
  start(user: User, request: StartRequest): Promise<Play>
  /** Newest first. */
  list(user: User, page: PageRequest): Promise<Play[]>
  /** Without those that are destroyed. */
  countByState(user: User): Promise<readonly { readonly state: RunState; readonly count: number }[]>
  get(user: User, id: string): Promise<Play>
  /** Stops a run and keeps its machines' memory, unless a shutdown is asked for. */
  stop(user: User, id: string, how: { readonly powerOff: boolean }): Promise<Play>
  /** Restarts a run from its kept memory, unless a boot is asked for, which discards the memory. */
  restart(user: User, id: string, how: { readonly cold: boolean }): Promise<Play>
  destroy(user: User, id: string): Promise<Play>
  /** Stops, restarts or reboots one machine of a run that is running. */
  machine(user: User, id: string, action: MachineAction, machine: string): Promise<Play>
  /** In the order of the manifest; of these machines only, or of all when none is named. */
  tasks(user: User, id: string, machines: readonly string[]): Promise<PlayTaskDetails[]>
  /** Makes a task that failed begin again. */
  retryTask(user: User, id: string, task: string): Promise<Play>
  setTitle(user: User, id: string, title: string): Promise<Play>
  /** How long it may be on at a time, and what is done with it then; what is absent stays as it is. */
  setLifetime(user: User, id: string, lifetime: Partial<Lifetime>): Promise<Play>
  consoles(user: User, id: string, machine: string): Promise<string[]>
  readConsole(user: User, id: string, machine: string, console: string): Promise<string>
}

/** Sign-in by those who say who people are. */
export interface SignIns {
  providers(): readonly { readonly id: ProviderId; readonly label: string }[]
  /** `origin`: the server's address as the browser knows it; `to`: where he wants to go; `connectFor`: token of whoever connects his account. Returns where the browser goes, and by what it is known again. Throws `provider_unreachable`. */
  begin(
    id: string,
    how: { readonly origin: string; readonly to: string | undefined; readonly connectFor?: string },
  ): Promise<{ readonly url: string; readonly ticket: string }>
  /** `query`: what the browser came back with. `token`: of a session; undefined: his account was connected. Throws `sign_in_gone`, `sign_in_refused`, `no_account`, `account_disabled`, `identity_taken`. */
  finish(
    id: string,
    ticket: string,
    query: string,
    entry: Entry | undefined,
  ): Promise<{ readonly to: string; readonly token: string | undefined }>
  identities(user: User): Promise<readonly Identity[]>
  disconnect(user: User, id: string): Promise<void>
}

/** Sign-in by passkeys. `origin`: the server's address as the browser knows it. */
export interface Passkeys {
  /** Throws `no_passkeys_here`. */
  askToAdd(user: User, origin: string): Promise<PasskeyOptions>
  /** Throws `wrong_passkey`, `too_many_passkeys`. */
  add(user: User, added: AddPasskey): Promise<Passkey>
  /** Throws `no_passkeys_here`. */
  askToUse(origin: string): Promise<PasskeyOptions>
  /** Opens a browser session. Throws `wrong_passkey`. */
  use(used: UsePasskey, entry: Entry | undefined): Promise<{ readonly token: string; readonly user: User }>
  list(user: User): Promise<readonly Passkey[]>
  rename(user: User, id: string, name: string): Promise<void>
  remove(user: User, id: string): Promise<void>
}

/** Everybody's runs, for admins. */
export interface AllRuns {
  /** Newest first, without those that have been destroyed. */
  list(page: PageRequest): Promise<SeenRun[]>
  /** Keeps its memory. Throws `not_found`, `action_refused`. */
  stop(user: User, id: string): Promise<void>
}

export interface CloneRequest {
  readonly count: number
  readonly title: string | undefined
  readonly start: boolean
  /** Clones a running run with its memory, and starts the clones. */
  readonly live: boolean
}

/** Makes new runs and playgrounds with all machines and drives of a run, without copying a byte. */
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

/** Access to a running machine. Each method checks the owner. */
export interface Machines {
  exec(user: User, id: string, machine: string, command: string, options: ExecOptions): Promise<GuestProcess>
  /** `options.user` empty: the machine's default user. */
  terminal(user: User, id: string, machine: string, session: string, options: TerminalOptions): Promise<GuestTerminal>
  console(user: User, id: string, machine: string): Promise<Duplex>
  /** Opens a TCP connection to a port of the machine. Throws `port_closed`. */
  dial(user: User, id: string, machine: string, port: number): Promise<Duplex>
  /** A UDP flow: each chunk is one datagram, both ways. */
  datagrams(user: User, id: string, machine: string, port: number): Promise<Duplex>
}

export interface SshKeys {
  list(user: User): Promise<SshKey[]>
  /** Throws `invalid_input`, `key_taken`, `too_many_ssh_keys`. */
  add(user: User, body: AddSshKey): Promise<SshKey>
  remove(user: User, id: string): Promise<void>
  /** The user to whom a key in SSH's wire format belongs. */
  userOf(key: Buffer): Promise<User | undefined>
}

export type PublishedKind = 'port' | 'shell'

/** Ports, shells and forwards of runs. */
export interface Ports {
  /** Ports and shells, oldest first. */
  list(user: User, runId: string): Promise<readonly PublishedPortRow[]>
  /**
   * What is published in the same way already is answered again. Throws `too_many_published_ports`; for ports of the host also `host_port_taken`, `host_port_not_permitted`,
   * `host_address_unknown` and `host_ports_off`.
   */
  expose(user: User, runId: string, body: ExposePort): Promise<PublishedPortRow>
  /** A page with a terminal. Throws as `expose`, and `no_ssh`. */
  exposeShell(user: User, runId: string, body: ExposeShell): Promise<PublishedPortRow>
  remove(user: User, runId: string, id: string, kind: PublishedKind): Promise<void>
  /** Calls back when the port or shell is published no more by `remove`. Returns the way to stop. */
  whenRemoved(id: string, listener: () => void): () => void
  /** What is published under a name, and whose it is; asked before anything is known of who comes. */
  find(name: string): Promise<FoundPort | undefined>
  scan(user: User, runId: string, machine: string | undefined): Promise<ScannedPort[]>
  forwards(user: User, runId: string): Promise<readonly SavedForward[]>
  saveForward(user: User, runId: string, body: SaveForward): Promise<void>
  removeForward(user: User, runId: string, index: number): Promise<void>
}

export interface Images {
  list(): Image[]
  /** With `isUsed`. */
  listWithUses(): Promise<Image[]>
  inspect(user: User, name: string): Promise<ImageDetails>
  /** Begins a rebuild; progress comes by events. */
  build(name: string): Promise<Image>
  /** Takes a folder with a Dockerfile, as a tar archive; `build` with the answer's name builds it. */
  addFolder(
    names: { readonly name: string; readonly tag?: string | undefined },
    content: AsyncIterable<Uint8Array>,
  ): Promise<Image>
  remove(name: string): Promise<void>
}

export interface Events {
  /**
   * Sends events that this user may see. `since`: after the event of this id, if what came after it is remembered; `now`: only what comes. Otherwise everything as it is comes
   * first. Returns a function that stops it.
   */
  subscribe(user: User, listener: (told: Told) => void, since?: number | 'now'): () => void
}

export interface HostReport {
  health(): Health
  sshGateway(): SshGatewayInfo
  tls(): TlsInfo
  /** The private key of all SSH servers of this installation. */
  sshHostKey(): string
  doctor(): Promise<Check[]>
  fsck(how: { isDeep: boolean }): Promise<Finding[]>
}

import type { AskedToken, Credential, Token } from '@ramet/model/api/account.ts'
import type { SeenRun } from '@ramet/model/api/all-runs.ts'
import type { AskedAudit, AuditEntry } from '@ramet/model/api/audit.ts'
import type { Event } from '@ramet/model/api/events.ts'
import type { ChangeGroup, CreateGroup, Group, GroupLink, InviteToGroup } from '@ramet/model/api/groups.ts'
import type { Check, EndedSessions, Finding, Health, Image, ImageDetails, LoginLink, Me } from '@ramet/model/api/host.ts'
import type { AskedJournal } from '@ramet/model/api/journal.ts'
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
import { routes } from '@ramet/model/api/routes.ts'
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
import type { Tunnel } from '@ramet/model/api/tunnel.ts'
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
  PlayAction,
  Playground,
  PlayTaskDetails,
  RemovedPlayground,
  SavePlay,
} from '@ramet/model/api/wire.ts'
import type { Problem } from '@ramet/model/errors/error.ts'
import type { AtEnd } from '@ramet/model/run/lifetime.ts'
import type { MachineAction } from '@ramet/model/run/run-state.ts'
import type { Client, ClientOptions, ExecOptions, TerminalOptions } from './client-shape.ts'
import { type EventsOptions, watchEvents } from './events.ts'
import { ask, type Connection, type RequestOptions, send } from './http.ts'
import { readJournal } from './journal.ts'
import { MachineStream } from './machine-stream.ts'
import { tokenOf } from './token-of.ts'
import { openTunnel } from './tunnel.ts'

const playsInPage = 200

/**
 * The API of a server as functions, for browsers and Node. Every failure is a RametError: the server's own, or
 * `server_unreachable`. It keeps no state and no connection of its own.
 */
export function createClient(options: ClientOptions): Client {
  const connection: Connection = {
    endpoint: options.endpoint,
    token: options.token,
    fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
  }
  const get = <T>(path: string, more?: RequestOptions) => ask<T>(connection, 'GET', path, more)
  const post = <T>(path: string, body?: unknown) => ask<T>(connection, 'POST', path, { body })
  const remove = async (path: string) => void (await ask(connection, 'DELETE', path))
  const act = <T = Play>(id: string, action: PlayAction) => post<T>(routes.actions(id), action)
  const listPlays = (page: { limit: number; cursor?: string | undefined }) => get<Play[]>(routes.plays() + query(page))
  const getPlay = (id: string, signal?: AbortSignal) => get<Play>(routes.play(id), { signal })
  const query = (values: Record<string, string | number | undefined>) => {
    const given = Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]))
    return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
  }

  return {
    endpoint: connection.endpoint,
    health: () => get<Health>(routes.health()),
    me: () => get<Me>(routes.me()),
    login: (token: string) => post<Me>(routes.login(), { token }),
    signIn: (given: SignIn) => post<Me>(routes.login(), given),
    tokenOf: (given: SignIn, program: string) => tokenOf(connection, given, program),
    setPassword: async (to: SetPassword) => void (await ask(connection, 'PUT', routes.password(), { body: to })),

    users: {
      list: () => get<UserAccount[]>(routes.users()),
      create: (body: CreateUser) => post<CreatedUser>(routes.users(), body),
      invite: (name: string) => post<Invitation>(routes.invitations(name)),
      change: (name: string, to: ChangeUser) => ask<UserAccount>(connection, 'PATCH', routes.user(name), { body: to }),
      remove: (name: string, { destroy, transferTo }: RemoveUser = {}) =>
        remove(routes.user(name) + query({ destroy: destroy ? 'true' : undefined, transferTo })),
    },

    groups: {
      list: () => get<Group[]>(routes.groups()),
      create: (body: CreateGroup) => post<Group>(routes.groups(), body),
      get: (name: string) => get<Group>(routes.group(name)),
      remove: (name: string) => remove(routes.group(name)),
      change: (name: string, to: ChangeGroup) => ask<Group>(connection, 'PATCH', routes.group(name), { body: to }),
      invite: (name: string, body: InviteToGroup = {}) => post<GroupLink>(routes.groupInvitations(name), body),
      closeLinks: (name: string) => remove(routes.groupInvitations(name)),
      join: (token: string) => post<Group>(routes.groupMemberships(), { token }),
      addMembers: (name: string, names: readonly string[]) => post<Group>(routes.groupMembers(name), { names }),
      removeMember: (name: string, member: string) => remove(routes.groupMember(name, member)),
    },

    signIns: {
      ways: () => get<SignInWays>(routes.signInWays()),
      begin: (provider: string, to?: string) =>
        post<{ url: string }>(routes.beginSignIn(provider), to === undefined ? {} : { to }),
      list: () => get<Identity[]>(routes.identities()),
      connect: (provider: ProviderId, to?: string) =>
        post<{ url: string }>(routes.identities(), { provider, ...(to === undefined ? {} : { to }) }),
      disconnect: (id: string) => remove(routes.identity(id)),
    },
    passkeys: {
      askToUse: () => post<PasskeyOptions>(routes.passkeySignIn()),
      use: (used: UsePasskey) => post<Me>(routes.passkeyLogin(), used),
      list: () => get<Passkey[]>(routes.passkeys()),
      askToAdd: () => post<PasskeyOptions>(routes.passkeyOptions()),
      add: (added: AddPasskey) => post<Passkey>(routes.passkeys(), added),
      rename: async (id: string, name: string) => void (await ask(connection, 'PATCH', routes.passkey(id), { body: { name } })),
      remove: (id: string) => remove(routes.passkey(id)),
    },
    allRuns: {
      page: (page: { limit: number; cursor?: string | undefined }) => get<SeenRun[]>(routes.allRuns() + query(page)),
      stop: async (id: string) => void (await post(routes.stopAnyRun(id))),
    },
    audit: (asked: AskedAudit = {}) => get<AuditEntry[]>(routes.audit() + query(asked)),

    makeLoginLink: () => post<LoginLink>(routes.loginLinks()),
    logout: async () => void (await post(routes.logout())),
    endSessions: () => ask<EndedSessions>(connection, 'DELETE', routes.sessions()),

    sessions: {
      list: () => get<Credential[]>(routes.programs()),
      end: (id: string) => remove(routes.program(id)),
      makeToken: (body: AskedToken) => post<Token>(routes.tokens(), body),
    },

    ssh: {
      gateway: () => get<SshGatewayInfo>(routes.sshGateway()),
      keys: () => get<SshKey[]>(routes.sshKeys()),
      addKey: (body: AddSshKey) => post<SshKey>(routes.sshKeys(), body),
      removeKey: (id: string) => remove(routes.sshKey(id)),
    },

    tls: () => get<TlsInfo>(routes.tls()),

    ports: {
      list: (id: string) => get<Port[]>(routes.ports(id)),
      expose: (id: string, body: ExposePortRequest) => post<Port>(routes.ports(id), body),
      remove: (id: string, port: string) => remove(routes.port(id, port)),
      shells: (id: string) => get<Shell[]>(routes.shells(id)),
      exposeShell: (id: string, body: ExposeShellRequest = {}) => post<Shell>(routes.shells(id), body),
      removeShell: (id: string, shell: string) => remove(routes.shell(id, shell)),
      scan: (id: string, machine?: string) => post<ScannedPort[]>(routes.portScan(id) + query({ machine })),
      forwards: (id: string) => get<SavedForward[]>(routes.portForwards(id)),
      saveForward: async (id: string, body: SaveForwardRequest) => void (await post(routes.portForwards(id), body)),
      removeForward: (id: string, index: number) => remove(routes.portForward(id, index)),
      async openTunnel(id: string, machine: string, user?: string): Promise<{ url: string; cookie: string }> {
        const { url, loginUrl } = await post<Tunnel>(routes.tunnels(id), { machine, sshUser: user })
        const login = await send(connection, 'GET', loginUrl)
        return { url, cookie: login.headers.getSetCookie()[0]?.split(';')[0] ?? '' }
      },
    },

    playgrounds: {
      list: (filter?: string) => get<Playground[]>(routes.playgrounds() + query({ filter })),
      get: (name: string) => get<Playground>(routes.playground(name)),
      create: (body: CreatePlayground) => post<Playground>(routes.playgrounds(), body),
      update: (name: string, body: CreatePlayground) => ask<Playground>(connection, 'PUT', routes.playground(name), { body }),
      change: (name: string, body: ChangePlayground) => ask<Playground>(connection, 'PATCH', routes.playground(name), { body }),
      offer: (name: string, to: string | undefined) =>
        ask<Playground>(
          connection,
          to === undefined ? 'DELETE' : 'POST',
          routes.playgroundTransfer(name),
          to ? { body: { to } } : {},
        ),
      answerOffer: async (name: string, take: boolean) => void (await post(routes.playgroundOffer(name), { take })),
      remove: (name: string) => ask<RemovedPlayground>(connection, 'DELETE', routes.playground(name)),
      lineage: (name: string) => get<Lineage>(routes.playgroundLineage(name)),
      catalog: () => get<CatalogSight>(routes.catalog()),
    },

    checkManifest: async (text: string, fileName: string): Promise<readonly Problem[]> =>
      (await post<{ problems: Problem[] }>(routes.manifestCheck(), { text, fileName })).problems,

    plays: {
      async list(): Promise<Play[]> {
        const all: Play[] = []
        for (let cursor: string | undefined; ; cursor = all.at(-1)?.id) {
          const page = await listPlays({ limit: playsInPage, cursor })
          all.push(...page)
          if (page.length < playsInPage) return all
        }
      },
      page: (page: { limit: number; cursor?: string | undefined }) => listPlays(page),
      get: getPlay,
      start: (body: CreatePlay) => post<Play>(routes.plays(), body),
      stop: (id: string, how: { powerOff?: boolean } = {}) => act(id, { action: 'stop', ...how }),
      restart: (id: string, how: { cold?: boolean } = {}) => act(id, { action: 'restart', ...how }),
      destroy: (id: string) => act(id, { action: 'destroy' }),
      persist: (id: string) => act(id, { action: 'make_persistent' }),
      machine: (id: string, action: MachineAction, machine: string) => act(id, { action, machine }),
      tasks: (id: string, machine?: string) => get<PlayTaskDetails[]>(routes.tasks(id) + query({ machine })),
      retryTask: (id: string, task: string) => act(id, { action: 'task.retry', task }),
      setLifetime: (id: string, { minutes, atEnd }: { minutes: number; atEnd?: AtEnd }) =>
        act(id, { action: 'set_max_play_time', maxPlayTimeMinutes: minutes, ...(atEnd === undefined ? {} : { atEnd }) }),
      setTitle: (id: string, title: string) => act(id, { action: 'set_title', title }),
      clone: (id: string, body: ClonePlay = {}) => post<Play[]>(routes.clones(id), body),
      save: (id: string, body: SavePlay) => post<Playground>(routes.saves(id), body),
      lineage: (id: string) => get<Lineage>(routes.playLineage(id)),
      consoles: async (id: string, machine: string): Promise<readonly string[]> =>
        (await act<{ consoles: string[] }>(id, { action: 'machine.console.list', machine })).consoles,
      readConsole: async (id: string, machine: string, console: string): Promise<string> =>
        (await act<{ content: string }>(id, { action: 'machine.console.read', machine, console })).content,
    },

    images: {
      list: () => get<Image[]>(routes.images()),
      inspect: (name: string) => get<ImageDetails>(routes.image(name)),
      build: (name: string) => post<Image>(routes.imageBuild(name)),
      addFolder: (names: { name: string; tag?: string | undefined }, archive: Blob) =>
        ask<Image>(connection, 'POST', routes.imageFolders() + query(names), { blob: archive }),
      remove: (name: string) => remove(routes.image(name)),
    },

    usage: () => get<Usage>(routes.usage()),
    doctor: () => get<Check[]>(routes.doctor()),
    fsck: ({ deep }: { deep?: boolean } = {}) => get<Finding[]>(routes.fsck() + query({ deep: deep ? 'true' : undefined })),

    events: (events: EventsOptions = {}): AsyncIterable<Event> => watchEvents(connection, events),

    terminal: (id: string, machine: string, session: string, { user, cols, rows }: TerminalOptions) =>
      new MachineStream(connection, routes.terminal(id, machine, session) + query({ user, cols, rows }), {
        explain: () => getPlay(id),
      }),
    exec: (id: string, machine: string, { command, user, pty }: ExecOptions = {}) =>
      new MachineStream(connection, routes.exec(id, machine), {
        first: { type: 'exec', command, user, pty },
        explain: () => getPlay(id),
      }),
    async *journal(id: string, request: AskedJournal = {}, signal?: AbortSignal) {
      const { url } = await post<{ url: string }>(routes.journals(id), request)
      yield* readJournal(url, signal)
    },
    openTunnel: (id: string, machine: string, host: string, port: number) => openTunnel(connection, id, machine, host, port),
    console: (id: string, machine: string) =>
      new MachineStream(connection, routes.console(id, machine), { endsByClose: true, explain: () => getPlay(id) }),
  }
}

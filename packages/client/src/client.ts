import type { AskedToken, Credential, Token } from '@ramet/model/api/account.ts'
import type { Event } from '@ramet/model/api/events.ts'
import type { Check, EndedSessions, Finding, Health, Image, ImageDetails, LoginLink, Me } from '@ramet/model/api/host.ts'
import type { AskedJournal } from '@ramet/model/api/journal.ts'
import type { Lineage } from '@ramet/model/api/lineage.ts'
import type { ExposePortRequest, Port, SavedForward, SaveForwardRequest, ScannedPort } from '@ramet/model/api/ports.ts'
import { routes } from '@ramet/model/api/routes.ts'
import type { AddSshKey, SshGatewayInfo, SshKey } from '@ramet/model/api/ssh.ts'
import type { TlsInfo } from '@ramet/model/api/tls.ts'
import type { Tunnel } from '@ramet/model/api/tunnel.ts'
import type { Usage } from '@ramet/model/api/usage.ts'
import type { ChangeUser, CreatedUser, CreateUser, Invitation, SetPassword, SignIn, UserAccount } from '@ramet/model/api/users.ts'
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
import { type EventsOptions, watchEvents } from './events.ts'
import { ask, type Connection, type RequestOptions, send } from './http.ts'
import { readJournal } from './journal.ts'
import { MachineStream } from './machine-stream.ts'
import { tokenOf } from './token-of.ts'
import { openTunnel } from './tunnel.ts'

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

const playsInPage = 200

export type Client = ReturnType<typeof createClient>

/**
 * The API of a server as functions, for browsers and Node. Every failure is a RametError: the server's own, or
 * `server_unreachable`. It keeps no state and no connection of its own.
 */
export function createClient(options: ClientOptions) {
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
    /** Exchanges the token of a login link for the browser's session cookie: once, within ten minutes. */
    login: (token: string) => post<Me>(routes.login(), { token }),
    /** Exchanges a name and its password for the browser's session cookie. */
    signIn: (given: SignIn) => post<Me>(routes.login(), given),
    /** A token for a program, bought with a name and its password. It ends after 30 days. `program`: its name in the list of sessions. */
    tokenOf: (given: SignIn, program: string) => tokenOf(connection, given, program),
    setPassword: async (to: SetPassword) => void (await ask(connection, 'PUT', routes.password(), { body: to })),

    /** Who there is; for admins. */
    users: {
      list: () => get<UserAccount[]>(routes.users()),
      create: (body: CreateUser) => post<CreatedUser>(routes.users(), body),
      invite: (name: string) => post<Invitation>(routes.invitations(name)),
      change: (name: string, to: ChangeUser) => ask<UserAccount>(connection, 'PATCH', routes.user(name), { body: to }),
      remove: (name: string) => remove(routes.user(name)),
    },

    /** Makes a login link for a browser. Throws `needs_api_token` in a browser. */
    makeLoginLink: () => post<LoginLink>(routes.loginLinks()),
    logout: async () => void (await post(routes.logout())),
    /** Ends the user's sessions in every browser. */
    endSessions: () => ask<EndedSessions>(connection, 'DELETE', routes.sessions()),

    /** Browsers and programs that are logged in, and tokens. */
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
      /** The same port in the same way once more answers with what is there. */
      expose: (id: string, body: ExposePortRequest) => post<Port>(routes.ports(id), body),
      remove: (id: string, port: string) => remove(routes.port(id, port)),
      /** What answers with HTTP or HTTPS, of one machine or of all. */
      scan: (id: string, machine?: string) => post<ScannedPort[]>(routes.portScan(id) + query({ machine })),
      forwards: (id: string) => get<SavedForward[]>(routes.portForwards(id)),
      saveForward: async (id: string, body: SaveForwardRequest) => void (await post(routes.portForwards(id), body)),
      /** By its place in the list, from 0. */
      removeForward: (id: string, index: number) => remove(routes.portForward(id, index)),
      /** Opens a tunnel into a machine: each websocket at `url/tunnels/BASE64(:PORT)` with this cookie is one TCP connection. */
      async openTunnel(id: string, machine: string): Promise<{ url: string; cookie: string }> {
        const { url, loginUrl } = await post<Tunnel>(routes.tunnels(id), { machine })
        const login = await send(connection, 'GET', loginUrl)
        return { url, cookie: login.headers.getSetCookie()[0]?.split(';')[0] ?? '' }
      },
    },

    playgrounds: {
      list: (filter?: string) => get<Playground[]>(routes.playgrounds() + query({ filter })),
      get: (name: string) => get<Playground>(routes.playground(name)),
      create: (body: CreatePlayground) => post<Playground>(routes.playgrounds(), body),
      /** Makes it anew from a manifest. Its name, its base and its runs stay as they are. */
      update: (name: string, body: CreatePlayground) => ask<Playground>(connection, 'PUT', routes.playground(name), { body }),
      /** Title and texts alone. */
      change: (name: string, body: ChangePlayground) => ask<Playground>(connection, 'PATCH', routes.playground(name), { body }),
      /** Removes a playground; answers with the runs and playgrounds that go on without it. */
      remove: (name: string) => ask<RemovedPlayground>(connection, 'DELETE', routes.playground(name)),
      lineage: (name: string) => get<Lineage>(routes.playgroundLineage(name)),
      /** What of the team's folder cannot be taken as it is. */
      catalog: () => get<CatalogSight>(routes.catalog()),
    },

    /** All errors and warnings of a manifest; none when it is good. `fileName` is only quoted in them. */
    checkManifest: async (text: string, fileName: string): Promise<readonly Problem[]> =>
      (await post<{ problems: Problem[] }>(routes.manifestCheck(), { text, fileName })).problems,

    plays: {
      /** All runs, newest first, fetched by pages. */
      async list(): Promise<Play[]> {
        const all: Play[] = []
        for (let cursor: string | undefined; ; cursor = all.at(-1)?.id) {
          const page = await listPlays({ limit: playsInPage, cursor })
          all.push(...page)
          if (page.length < playsInPage) return all
        }
      },
      /** The newest, or those after the run `cursor`. A page that is not full is the last one. */
      page: (page: { limit: number; cursor?: string | undefined }) => listPlays(page),
      get: getPlay,
      start: (body: CreatePlay) => post<Play>(routes.plays(), body),
      /** `powerOff`: shuts the guests down instead of keeping their memory. */
      stop: (id: string, how: { powerOff?: boolean } = {}) => act(id, { action: 'stop', ...how }),
      /** `cold`: boots, although memory was kept. */
      restart: (id: string, how: { cold?: boolean } = {}) => act(id, { action: 'restart', ...how }),
      destroy: (id: string) => act(id, { action: 'destroy' }),
      persist: (id: string) => act(id, { action: 'make_persistent' }),
      machine: (id: string, action: MachineAction, machine: string) => act(id, { action, machine }),
      /** With their output. */
      tasks: (id: string, machine?: string) => get<PlayTaskDetails[]>(routes.tasks(id) + query({ machine })),
      /** Makes a task that failed begin again. */
      retryTask: (id: string, task: string) => act(id, { action: 'task.retry', task }),
      /** How long it may be on at a time; 0: without end. */
      setLifetime: (id: string, { minutes, atEnd }: { minutes: number; atEnd?: AtEnd }) =>
        act(id, { action: 'set_max_play_time', maxPlayTimeMinutes: minutes, ...(atEnd === undefined ? {} : { atEnd }) }),
      setTitle: (id: string, title: string) => act(id, { action: 'set_title', title }),
      clone: (id: string, body: ClonePlay = {}) => post<Play[]>(routes.clones(id), body),
      save: (id: string, body: SavePlay) => post<Playground>(routes.saves(id), body),
      lineage: (id: string) => get<Lineage>(routes.playLineage(id)),
      /** Names of the serial logs of a machine, one a boot, oldest first. */
      consoles: async (id: string, machine: string): Promise<readonly string[]> =>
        (await act<{ consoles: string[] }>(id, { action: 'machine.console.list', machine })).consoles,
      readConsole: async (id: string, machine: string, console: string): Promise<string> =>
        (await act<{ content: string }>(id, { action: 'machine.console.read', machine, console })).content,
    },

    images: {
      list: () => get<Image[]>(routes.images()),
      inspect: (name: string) => get<ImageDetails>(routes.image(name)),
      /** Begins a build (again, if there is one); its progress comes by events and by `list`. */
      build: (name: string) => post<Image>(routes.imageBuild(name)),
      /** Sends a folder with a Dockerfile, as a tar archive (`application/x-tar`); `build` with the answer's name builds it. */
      addFolder: (names: { name: string; tag?: string | undefined }, archive: Blob) =>
        ask<Image>(connection, 'POST', routes.imageFolders() + query(names), { blob: archive }),
      remove: (name: string) => remove(routes.image(name)),
    },

    usage: () => get<Usage>(routes.usage()),
    doctor: () => get<Check[]>(routes.doctor()),
    /** `deep`: reads all memory that is kept, which takes a second a gigabyte or more. */
    fsck: ({ deep }: { deep?: boolean } = {}) => get<Finding[]>(routes.fsck() + query({ deep: deep ? 'true' : undefined })),

    events: (events: EventsOptions = {}): AsyncIterable<Event> => watchEvents(connection, events),

    /** Attaches to the shell named `session` of a machine, which is started at its first use and outlives the connection. */
    terminal: (id: string, machine: string, session: string, { user, cols, rows }: TerminalOptions) =>
      new MachineStream(connection, routes.terminal(id, machine, session) + query({ user, cols, rows }), {
        explain: () => getPlay(id),
      }),
    /** Runs a command that ends with the connection. */
    exec: (id: string, machine: string, { command, user, pty }: ExecOptions = {}) =>
      new MachineStream(connection, routes.exec(id, machine), {
        first: { type: 'exec', command, user, pty },
        explain: () => getPlay(id),
      }),
    /** What a machine writes to its journal, until the signal aborts or `until` is reached. */
    async *journal(id: string, request: AskedJournal = {}, signal?: AbortSignal) {
      const { url } = await post<{ url: string }>(routes.journals(id), request)
      yield* readJournal(url, signal)
    },
    /** A websocket that is a TCP connection into a machine; `host` empty: the machine itself. */
    openTunnel: (id: string, machine: string, host: string, port: number) => openTunnel(connection, id, machine, host, port),
    /** Attaches to the raw serial line. */
    console: (id: string, machine: string) =>
      new MachineStream(connection, routes.console(id, machine), { endsByClose: true, explain: () => getPlay(id) }),
  }
}

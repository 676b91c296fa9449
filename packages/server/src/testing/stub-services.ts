import { Duplex, PassThrough } from 'node:stream'
import type { ExecOptions, GuestProcess, GuestTerminal } from '@ramet/engine'
import { platform } from '@ramet/model/access/can.ts'
import type { Event } from '@ramet/model/api/events.ts'
import type { Image, Me } from '@ramet/model/api/host.ts'
import type { Play, Playground } from '@ramet/model/api/wire.ts'
import { wrongPassword } from '@ramet/model/errors/account-errors.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import { sha256 } from '../access/token-hash.ts'
import { Entry } from '../audit/entry.ts'
import { EventStream } from '../events/events.ts'
import { agentLogins } from '../oauth/agent-logins.ts'
import { Removals } from '../ports/removals.ts'
import type { Services, User } from '../services.ts'
import { underName } from '../store/published-ports.ts'
import type { PublishedPortRow } from '../store/schema.ts'
import { tokenStore } from '../store/tokens.ts'
import { stubPasskeys, stubSignIns } from './stub-sign-in.ts'
import { stubGroups, stubUsers } from './stub-users.ts'

/** Services that do nothing real, for tests of the HTTP layer and for the description of the API. */

export const alice: User = { id: 'a1', name: 'alice', isAdmin: true }
export const bob: User = { id: 'b2', name: 'bob' }
export const playId = '0123456789abcdef01234567'

export function stubPlay(title = 'Run one'): Play {
  const at = '2026-01-01T00:00:00.000Z'
  return {
    id: playId,
    title,
    createdAt: at,
    updatedAt: at,
    lastStateAt: at,
    expiresIn: 0,
    pageUrl: `http://127.0.0.1/runs/${playId}`,
    playground: { name: 'debian', title: 'Debian', owner: '', pageUrl: '' },
    machines: [
      {
        name: 'debian',
        users: [{ name: 'root', default: true }],
        resources: { cpuCount: 1, ramSize: '512MiB' },
        state: 'RUNNING',
        noSSH: false,
        interfaces: [],
        drives: [],
      },
    ],
    status: {
      factoryId: 'f',
      stateEvents: [{ state: 'RUNNING', at }],
      machines: [{ name: 'debian', state: 'RUNNING', conditions: [] }],
    },
    tasks: {},
    initTasksOver: true,
    state: 'RUNNING',
    wanted: 'RUNNING',
    networks: [],
    tabs: [],
  }
}

const stubMe = ({ id, name }: User): Me => ({ id, name, role: 'member', hasPassword: false, githubProfileId: '' })

const stubImage = (name: string): Image => ({ name, kind: 'image', description: '', state: 'building', bytes: 0 })

/** A command whose every stream and end the test holds in its hand. */
export class StubProcess implements GuestProcess {
  readonly stdin: PassThrough
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  readonly sizes: string[] = []
  readonly signals: string[] = []
  isClosed = false
  readonly #exit = Promise.withResolvers<{ code: number; signal?: string }>()
  readonly exit = this.#exit.promise

  constructor(stdinBytes = 16 * 1024) {
    this.stdin = new PassThrough({ highWaterMark: stdinBytes })
    this.exit.catch(() => {})
  }
  end(code: number): void {
    this.stdout.end()
    this.stderr.end()
    this.#exit.resolve({ code })
  }
  lose(error: Error): void {
    this.#exit.reject(error)
  }
  resize(cols: number, rows: number): void {
    this.sizes.push(`${cols}x${rows}`)
  }
  signal(name: string): void {
    this.signals.push(name)
  }
  close(): void {
    this.isClosed = true
    this.stdout.destroy()
    this.stderr.destroy()
    this.stdin.destroy()
  }
}

/** A shell that goes on while nobody is attached, and shows what it said before. */
class StubShell {
  readonly said: Buffer[] = []
  readonly attached = new Set<PassThrough>()
  readonly #exit = Promise.withResolvers<{ code: number }>()

  attach(resumed: boolean): GuestTerminal {
    const output = new PassThrough()
    const input = new PassThrough()
    for (const chunk of this.said) output.write(chunk)
    this.attached.add(output)
    input.on('data', (typed: Buffer) => {
      if (typed.toString() === 'exit\n') {
        for (const each of this.attached) each.end()
        return this.#exit.resolve({ code: 0 })
      }
      this.said.push(typed)
      for (const each of this.attached) each.write(typed)
    })
    const close = () => {
      this.attached.delete(output)
      output.destroy()
    }
    return { output, input, resumed, exit: this.#exit.promise, resize: () => {}, close }
  }
}

export interface Stubs extends Services {
  readonly events: EventStream
  /** The commands started, newest last; `nextProcess` is what the next one will be. */
  readonly processes: StubProcess[]
  nextProcess: StubProcess | undefined
  readonly executed: { command: string; options: ExecOptions }[]
  readonly shells: Map<string, StubShell>
  readonly line: Duplex
  readonly published: PublishedPortRow[]
  /** What a connection to a port of the machine is. */
  dial: () => Duplex | Promise<Duplex>
  play: Play
  publish(event: Event): void
}

/** Tokens are `alice-token` and `bob-token`, the login token `login`; Alice has one run. */
export function stubServices(): Stubs {
  const removals = new Removals()
  const tokens = new Map<string, User>([
    ['alice-token', alice],
    ['bob-token', bob],
  ])
  const own = (user: User, id: string): Play => {
    if (user.id !== alice.id || id !== stubs.play.id) throw notFound('run', id)
    return stubs.play
  }
  const snapshot = (user: User): Event[] => (user.id === alice.id ? [{ kind: 'play', play: stubs.play }] : [])
  const events = new EventStream({ snapshot, coalesceMs: 5 })
  const stubs: Stubs = {
    auth: {
      userOf: async (token) => tokens.get(token),
      userAtAgents: async (token) => tokens.get(token),
      userOfHash: async (hash) => [...tokens].find(([token]) => sha256(token) === hash)?.[1],
      openSession: async (token) => {
        if (token !== 'login') return undefined
        tokens.set('alice-session', alice)
        return { token: 'alice-session', user: alice }
      },
      signIn: async () => {
        throw wrongPassword()
      },
      makeLinkFor: async (token) =>
        token === 'alice-token' ? { token: 'login', expiresAt: new Date('2026-01-01T00:10:00.000Z') } : undefined,
      isFresh: async () => true,
      closeSessionsOf: async () => 0,
      closeSession: async (token) => void (token.endsWith('-session') && tokens.delete(token)),
    },
    audit: { begin: (action, address) => new Entry({ put: async () => {} }, action, address), list: async () => [] },
    allRuns: { list: async () => [], stop: async () => {} },
    signIns: stubSignIns,
    passkeys: stubPasskeys,
    users: stubUsers,
    groups: stubGroups,
    accounts: {
      me: async (user) => stubMe(user),
      prefer: async (user, { region }) => ({ ...stubMe(user), preferredRegion: region }),
      beginSession: () => ({ id: 's', token: 'waiting-token' }),
      waiting: () => undefined,
      userOfSession: async () => undefined,
      admit: async () => false,
      makeToken: async (_token, { name }) => ({
        id: 't',
        kind: 'token',
        name,
        scope: [],
        createdAt: '2026-01-01T00:00:00Z',
        expiresAt: '2026-04-01T00:00:00Z',
        accessToken: 'new-token',
      }),
      credentials: async () => [],
      endCredential: async () => {},
    },
    agents: agentLogins(
      tokenStore(undefined as never),
      { find: async () => undefined, userOfHash: async () => undefined },
      Buffer.alloc(32),
    ),
    playgrounds: {
      list: async () => [],
      search: async () => ({ items: [], total: 0 }),
      get: async (_user, name) => Promise.reject(notFound('playground', name)),
      create: async (_user, body) => ({ ...body, id: 'p' }) as unknown as Playground,
      change: async (_user, name) => Promise.reject(notFound('playground', name)),
      offer: async (_user, name) => Promise.reject(notFound('playground', name)),
      answerOffer: async (_user, name) => Promise.reject(notFound('playground', name)),
      update: async (_user, name) => Promise.reject(notFound('playground', name)),
      remove: async (_user, name) => ({ name, runs: [], playgrounds: [] }),
      broken: () => [],
      checkManifest: async (_user, text, fileName) =>
        text === 'good' ? [] : [{ code: 'bad_yaml', message: 'no', where: `${fileName}:1:1` }],
    },
    runs: {
      start: async (_user, { title }) => stubPlay(title),
      list: async (user) => (user.id === alice.id ? [stubs.play] : []),
      countByState: async (user) => (user.id === alice.id ? [{ state: stubs.play.state, count: 1 }] : []),
      get: async (user, id) => own(user, id),
      stop: async (user, id) => own(user, id),
      restart: async (user, id) => own(user, id),
      destroy: async (user, id) => own(user, id),
      machine: async (user, id) => own(user, id),
      tasks: async (user, id) => {
        own(user, id)
        return []
      },
      retryTask: async (user, id) => own(user, id),
      setLifetime: async (user, id) => own(user, id),
      setTitle: async (user, id, title) => ({ ...own(user, id), title }),
      consoles: async () => ['boot-1'],
      readConsole: async (_user, _id, _machine, console) => `printed in ${console}`,
    },
    copies: {
      clone: async (user, id, { count }) => Array.from({ length: count }, () => own(user, id)),
      save: async (_user, _id, body) => ({ ...body, id: 'p' }) as unknown as Playground,
    },
    lineages: {
      ofRun: async (user, id) => ({ subject: own(user, id).id, nodes: [], isCut: false }),
      ofPlayground: async (_user, name) => Promise.reject(notFound('playground', name)),
    },
    storage: {
      usage: async () => ({
        runs: [],
        playgrounds: [],
        warmStarts: [],
        totalBytes: 0,
        imageBytes: 0,
        quota: { usedBytes: 0, limitBytes: 1024 ** 3 },
        allowances: [],
      }),
    },
    sshKeys: {
      list: async () => [],
      add: async (_user, { line }) => ({
        id: 'k',
        name: line,
        type: 'ssh-ed25519',
        fingerprint: 'SHA256:x',
        createdAt: '2026-01-01T00:00:00Z',
      }),
      remove: async () => {},
      userOf: async () => undefined,
    },
    ports: {
      list: async (user, id) => {
        own(user, id)
        return [...stubs.published]
      },
      expose: async (user, id, { machine, number, access, tls, hostRewrite, pathRewrite }) => {
        const row: PublishedPortRow = {
          id: String(stubs.published.length + 1).padStart(24, '0'),
          run_id: own(user, id).id,
          name: `port${stubs.published.length + 1}`,
          machine: machine || 'debian',
          number,
          account: null,
          access: access ?? 'private',
          tls: tls ? 1 : 0,
          host_rewrite: hostRewrite ?? null,
          path_rewrite: pathRewrite ?? null,
          ...underName,
          created_at: '2026-01-01T00:00:00Z',
        }
        stubs.published.push(row)
        return row
      },
      exposeShell: async (user, id, { machine, user: account, access }) => {
        const row = await stubs.ports.expose(user, id, {
          machine,
          number: 1,
          access,
          tls: false,
          hostRewrite: undefined,
          pathRewrite: undefined,
          protocol: undefined,
          listen: undefined,
        })
        return Object.assign(row, { number: null, account: account ?? 'root' })
      },
      whenRemoved: (id, listener) => removals.when(id, listener),
      remove: async (user, id, port) => {
        own(user, id)
        stubs.published.splice(0, stubs.published.length, ...stubs.published.filter((row) => row.id !== port))
        removals.tell(port)
      },
      find: async (name) => {
        const row = stubs.published.find((each) => each.name === name)
        return row && { row, owner: alice }
      },
      scan: async (user, id) => {
        own(user, id)
        return []
      },
      forwards: async (user, id) => {
        own(user, id)
        return []
      },
      saveForward: async (user, id) => void own(user, id),
      removeForward: async (user, id) => void own(user, id),
    },
    machines: {
      async exec(user, id, _machine, command, options) {
        own(user, id)
        stubs.executed.push({ command, options })
        const process = stubs.nextProcess ?? new StubProcess()
        stubs.nextProcess = undefined
        stubs.processes.push(process)
        return process
      },
      async terminal(user, id, _machine, session) {
        own(user, id)
        const known = stubs.shells.get(session)
        const shell = known ?? new StubShell()
        stubs.shells.set(session, shell)
        return shell.attach(known !== undefined)
      },
      console: async () => stubs.line,
      dial: async (user, id) => {
        own(user, id)
        return stubs.dial()
      },
      datagrams: async (user, id) => {
        own(user, id)
        return stubs.dial()
      },
    },
    images: {
      list: () => [],
      listWithUses: async () => [],
      inspect: async (_, name) => ({ ...stubImage(name), layers: [], playgrounds: [], runs: [], others: 0 }),
      build: async (name) => stubImage(name),
      addFolder: async ({ name }) => stubImage(name),
      remove: async () => {},
    },
    host: {
      health: () => ({
        status: 'ok',
        version: '0',
        commit: null,
        installation: 'abcd',
        accelerator: 'fake',
        building: [],
        web: false,
      }),
      sshHostKey: () => '',
      sshGateway: () => ({ port: null, hostKey: '' }),
      tls: () => ({ port: null, authority: null, publicUrl: null, portsDomain: 'localhost' }),
      doctor: async () => [],
      fsck: async () => [],
    },
    events,
    processes: [],
    nextProcess: undefined,
    executed: [],
    shells: new Map(),
    line: Duplex.from({ readable: new PassThrough(), writable: new PassThrough() }),
    published: [],
    dial: () => stubs.line,
    play: stubPlay(),
    publish: (event) => events.publish(event.kind === 'play' ? { ownerId: alice.id } : platform, event),
  }
  return stubs
}

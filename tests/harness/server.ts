import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from '@ramet/client/client.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import serverFlags from '../../scripts/server-flags.json' with { type: 'json' }
import { noteInstallation, testFolder } from '../../scripts/testing/test-folders.ts'
import { ended, type Finished, finish, until } from './processes.ts'

export const root = join(import.meta.dirname, '../..')

const argumentsOf = (program: string): readonly string[] => [
  '--disable-warning=ExperimentalWarning',
  ...serverFlags,
  join(root, 'packages/server/bin', program),
]

/** What `npm start` runs the server with. */
export const serverArguments = argumentsOf('ramet-server.mjs')

/** What `npm run fake` runs the server with. */
export const fakeServerArguments = argumentsOf('fake-server.mjs')

/** Images and kernel pack of all tests: built once, immutable. */
export const testCache = process.env.RAMET_TEST_CACHE ?? '/var/cache/ramet-test'

const destroyedWithinMs = 300_000

/** Where faults of a home's servers are armed (`faults.ts`). */
export const faultsFolder = (home: string) => join(home, 'faults')

export interface TestServerOptions {
  readonly fake?: boolean
  /** Of the server at every start, and of the CLI. */
  readonly env?: Record<string, string>
  /** Default off: most tests count boots, processes, layers or bytes, and a throwaway run in the background would be among them. */
  readonly warmStarts?: boolean
  /** Default: no spares. */
  readonly spareFor?: string
  /** An existing home, to start a second server on it. */
  readonly home?: string
  /** Goes before the server's own command: a program that makes another world around it and then executes it. */
  readonly wrapper?: readonly string[]
}

/** A real server process on a home of its own, and the CLI that finds it there. */
export class TestServer {
  readonly home: string
  readonly isFake: boolean
  readonly #hasWarmStarts: boolean
  readonly #spareFor: string
  readonly #wrapper: readonly string[]
  readonly #env: Record<string, string>
  child: ChildProcess | undefined
  output = ''
  endpoint = ''
  /** As printed at its start: good once, for ten minutes. `ramet login --print` makes others. */
  loginLink = ''

  constructor(options: TestServerOptions = {}) {
    // Short, since socket paths below it are bounded.
    this.home = options.home ?? testFolder('h', { inMemory: options.fake ?? false })
    this.isFake = options.fake ?? false
    this.#hasWarmStarts = options.warmStarts ?? false
    this.#spareFor = options.spareFor ?? 'never'
    this.#wrapper = options.wrapper ?? []
    this.#env = options.env ?? {}
  }

  async start(env: Record<string, string> = {}): Promise<this> {
    const [program = '', ...argv] = [...this.#wrapper, process.execPath, ...(this.isFake ? fakeServerArguments : serverArguments)]
    this.output = ''
    const child = spawn(program, argv, {
      env: {
        ...process.env,
        RAMET_HOME: this.home,
        RAMET_PORT: '0',
        // Its first start makes certificates, which hundreds of homes do not need.
        RAMET_HTTPS_PORT: 'off',
        RAMET_WARM_STARTS: this.#hasWarmStarts ? 'on' : 'off',
        RAMET_SPARE_FOR: this.#spareFor,
        RAMET_QUIET_FOR: '0s',
        // Another file's tests keep the CPUs busy.
        RAMET_BACKGROUND: 'low',
        RAMET_FAULTS: faultsFolder(this.home),
        RAMET_CACHE: this.isFake ? join(this.home, 'cache') : testCache,
        ...this.#env,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    this.child = child
    const note = (chunk: Buffer) => {
      this.output = (this.output + chunk.toString()).slice(-200_000)
    }
    child.stdout?.on('data', note)
    child.stderr?.on('data', note)
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null
    const link = await until(
      'the link that the server prints',
      () => /https?:\/\/\S+#login=\S+/.exec(this.output)?.[0] ?? (hasEnded() && 'none'),
      60_000,
      20,
    ).catch((error) => {
      throw new Error(`${(error as Error).message}\n${this.output}`)
    })
    // Right after a step at its start, as a test wanted.
    if (link === 'none' && child.signalCode === 'SIGKILL') return this
    if (link === 'none') throw new Error(`the server ended: ${this.output}`)
    this.loginLink = link
    this.endpoint = new URL(this.loginLink).origin
    await this.#noteInstallation()
    return this
  }

  /** A server that ends itself after a step (`faults.ts`) may be gone before it is asked. */
  async #noteInstallation(): Promise<void> {
    const { child } = this
    try {
      noteInstallation((await (await this.client()).health()).installation)
    } catch (error) {
      if (child) await ended(child, 5_000)
      if (child?.signalCode !== 'SIGKILL') throw error
    }
  }

  get pid(): number {
    return this.child?.pid ?? -1
  }

  /** As the kernel's out-of-memory killer would. */
  async kill(): Promise<void> {
    this.child?.kill('SIGKILL')
    if (this.child) await ended(this.child)
  }

  async stop(): Promise<void> {
    this.child?.kill('SIGTERM')
    if (this.child) await ended(this.child)
  }

  async restart(env: Record<string, string> = {}): Promise<void> {
    await this.kill()
    await this.start(env)
  }

  /** The CLI as a user on the same machine calls it. */
  ramet(
    args: readonly string[],
    options: { stdin?: string | Uint8Array; timeoutMs?: number; env?: Record<string, string> } = {},
  ): Promise<Finished> {
    const env = { ...this.#env, RAMET_HOME: this.home, ...options.env }
    return finish([join(root, 'node_modules/.bin/ramet'), ...args], { ...options, env })
  }

  /** The CLI's standard output; throws with what it said when it fails. */
  async ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.ramet(args)
    if (code !== 0)
      throw new Error(`ramet ${args.join(' ')} exited ${code}: ${stderr}${stdout}\n--- server ---\n${this.output.slice(-4000)}`)
    return stdout
  }

  /** Of the API. */
  token = async (): Promise<string> => (await readFile(join(this.home, 'secrets', 'cli-token'), 'utf8')).trim()

  async client() {
    return createClient({ endpoint: this.endpoint, token: await this.token() })
  }

  /** The run as soon as it is in this state; fails when it comes to be FAILED instead. */
  reached(id: string, state: Play['state'], withinMs = 60_000): Promise<Play> {
    return until(
      `the run to be ${state}`,
      async () => {
        const play = await (await this.client()).plays.get(id)
        if (play.state === 'FAILED' && state !== 'FAILED') assert.fail(`FAILED: ${play.failure?.message}`)
        return play.state === state && play
      },
      withinMs,
    )
  }

  /** fsck finds nothing. */
  async inOrder(): Promise<void> {
    assert.deepEqual(await (await this.client()).fsck(), [])
  }

  /** Destroys every run, ends the server, removes the home. For `after`. */
  async dispose(): Promise<void> {
    try {
      if (this.child?.exitCode !== null || this.child?.signalCode !== null) await this.start()
      const { plays } = await this.client()
      const left = (await plays.list()).filter(({ state }) => state !== 'DESTROYED')
      await Promise.all(
        left.map(async ({ id, state }) => {
          if (state !== 'DESTROYING') await plays.destroy(id)
          await this.reached(id, 'DESTROYED', destroyedWithinMs)
        }),
      )
      await this.stop()
    } finally {
      this.child?.kill('SIGKILL')
      await rm(this.home, { recursive: true, force: true })
    }
  }
}

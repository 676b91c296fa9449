import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { openDatabase } from '../../store/database.ts'

/** Debian's package `postgresql-15`. */
const programs = '/usr/lib/postgresql/15/bin'
/** PostgreSQL refuses to run as root. The ids of `nobody`, which every system has a name for. */
const nobody = 65534
const readyWithinMs = 30_000

/** Made for tests that live seconds: nothing survives a loss of power, and a memory file of 32 MiB. */
const settings = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  shared_buffers: '32MB',
  max_connections: '200',
  listen_addresses: '',
  autovacuum: 'off',
}

/**
 * A real server of PostgreSQL for one test process: a cluster in a temporary folder, on a unix socket of its own, as an unprivileged user. It ends with this
 * process however that ends. Databases of it are copies of one that has our tables.
 */
export class TestPostgres implements AsyncDisposable {
  readonly #folder: string
  readonly #process: ChildProcess
  #databases = 0

  private constructor(folder: string, process: ChildProcess) {
    this.#folder = folder
    this.#process = process
  }

  static async start(): Promise<TestPostgres> {
    if (!existsSync(join(programs, 'postgres'))) throw new Error('these tests need a PostgreSQL: apt-get install postgresql-15')
    const folder = mkdtempSync(join(tmpdir(), 'rt-pg-'))
    try {
      const isRoot = process.getuid?.() === 0
      if (isRoot) chownSync(folder, nobody, nobody)
      const user = isRoot ? { uid: nobody, gid: nobody } : {}
      const data = join(folder, 'data')
      const made = spawnSync(
        join(programs, 'initdb'),
        ['-D', data, '-U', 'ramet', '--auth=trust', '--locale=C', '-E', 'UTF8', '--no-sync', '--no-instructions'],
        { ...user, cwd: folder, encoding: 'utf8' },
      )
      if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`)
      const given = Object.entries({ ...settings, unix_socket_directories: folder })
      const asUser = isRoot ? [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] : []
      // SIGQUIT ends a server of PostgreSQL and all its processes at once.
      const child = spawn(
        'setpriv',
        [...asUser, '--pdeathsig', 'QUIT', join(programs, 'postgres'), '-D', data].concat(
          given.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
        ),
        { cwd: folder, stdio: 'ignore' },
      )
      const server = new TestPostgres(folder, child)
      await server.#becomesReady()
      await server.#run('postgres', 'create database template_ramet')
      await (await openDatabase({ url: server.urlOf('template_ramet') })).destroy()
      return server
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  urlOf(database: string, user = 'ramet'): string {
    return `postgres:///${database}?host=${this.#folder}&user=${user}`
  }

  /** The URL of a new database, with our tables or with nothing. */
  async makeDatabase({ isEmpty = false } = {}): Promise<string> {
    this.#databases += 1
    const name = `t${this.#databases}`
    await this.#run('postgres', `create database ${name} template ${isEmpty ? 'template0' : 'template_ramet'}`)
    return this.urlOf(name)
  }

  /** Runs SQL in the database of the URL, on a connection of its own. */
  async run(url: string, sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      await client.query(sql)
    } finally {
      await client.end()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, 'exit')
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGQUIT')
      await ended
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #run(database: string, sql: string): Promise<void> {
    return this.run(this.urlOf(database), sql)
  }

  async #becomesReady(): Promise<void> {
    const deadline = Date.now() + readyWithinMs
    for (;;) {
      try {
        return await this.#run('postgres', 'select 1')
      } catch (error) {
        if (this.#process.exitCode !== null || Date.now() > deadline) throw new Error(`PostgreSQL does not start: ${error}`)
        await setTimeout(20)
      }
    }
  }
}

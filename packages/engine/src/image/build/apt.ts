import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { RametError } from '@ramet/model/errors/error.ts'
import { isSpaceError } from '../../disk/space.ts'
import { ProcessFailed } from '../../process/run-process.ts'
import type { ReportProgress } from '../cache/artefact.ts'
import { runBuild } from './build-process.ts'
import { debianMirror, hostAcquireSettings, sourceLines } from './debian-mirror.ts'

export interface DebianPackage {
  readonly name: string
  readonly version: string
  /** The Depends field as Debian writes it; empty when there is none. */
  readonly depends: string
}

export interface AptOptions {
  /** Of this apt alone: settings, lists, cache. Need not exist; the caller removes it. */
  readonly folder: string
  /** Debian releases, e.g. `bookworm`; each with its updates and security updates. */
  readonly suites: readonly [string, ...string[]]
  readonly report?: ReportProgress
  readonly signal?: AbortSignal
}

/** Lists are fetched at the first question. All is verified by apt against Debian's keyring. */
export interface Apt {
  /** The newest version of a binary package in the chosen releases. */
  resolve(name: string): Promise<DebianPackage>
  /** Fetches exactly these packages (newest, no dependencies) into a folder: paths of the .deb files in the order asked for. */
  download(names: readonly string[], into: string): Promise<string[]>
}

/** A private apt over the host's own mirror: its configuration, lists and caches live in `folder`; the host's are read, never written. */
export async function openApt(options: AptOptions): Promise<Apt> {
  const root = lazy(() => makeRoot(options))
  return {
    async resolve(name) {
      return parsePackage(name, await (await root()).ask(['apt-cache', 'show', '--no-all-versions', name]))
    },
    async download(names, into) {
      const files = await (await root()).fetch(['apt-get', 'download', ...names], into)
      return names.map((name) => {
        const file = files.find((each) => basename(each).startsWith(`${name}_`))
        if (file === undefined) throw packageNotFound(name)
        return file
      })
    },
  }
}

interface AptRoot {
  ask(argv: readonly [string, ...string[]]): Promise<string>
  fetch(argv: readonly [string, ...string[]], into: string): Promise<string[]>
}

async function makeRoot(options: AptOptions): Promise<AptRoot> {
  const { signal, report = () => {} } = options
  const { folder } = options
  for (const part of ['lists/partial', 'archives/partial', 'etc/parts']) await mkdir(join(folder, part), { recursive: true })
  await chmod(folder, 0o711)
  const configuration = join(folder, 'etc/apt.conf')
  const mirror = await debianMirror()
  await writeFile(
    join(folder, 'etc/sources.list'),
    `${options.suites.flatMap((suite) => sourceLines(mirror, suite)).join('\n')}\n`,
  )
  await writeFile(join(folder, 'status'), '')
  await writeFile(configuration, await aptConfiguration(folder))
  const env = { APT_CONFIG: configuration }

  const program = async (argv: readonly [string, ...string[]], step: string, cwd?: string) => {
    try {
      return await runBuild([argv[0], '-q', '-o', 'APT::Status-Fd=2', ...argv.slice(1)], {
        env,
        cwd,
        signal,
        onStderrLine: (line) => {
          const percent = downloadPercent(line)
          if (percent !== undefined) report({ step, message: `${step}: ${percent} %`, percent })
        },
      })
    } catch (error) {
      throw aptError(error)
    }
  }
  report({ step: 'Reading package lists', message: `Reading Debian's package lists (${options.suites.join(', ')})` })
  await program(['apt-get', 'update'], 'Reading package lists')
  return {
    async ask(argv) {
      try {
        return (await runBuild(argv, { env, signal })).stdout
      } catch (error) {
        signal?.throwIfAborted()
        throw aptError(error)
      }
    },
    async fetch(argv, into) {
      await mkdir(into, { recursive: true })
      // apt names no file that is there already, so it begins in an empty folder.
      const empty = await mkdtemp(join(into, 'fetch-'))
      try {
        await program(argv, 'Fetching packages', empty)
        const names = await readdir(empty)
        for (const name of names) await rename(join(empty, name), join(into, name))
        return names.map((name) => join(into, name))
      } finally {
        await rm(empty, { recursive: true, force: true })
      }
    },
  }
}

/** apt.conf(5): a file named by APT_CONFIG is read first and here switches the host's own files off. */
async function aptConfiguration(folder: string): Promise<string> {
  const host = async (key: string) =>
    (await runBuild(['apt-config', 'shell', 'value', key])).stdout.match(/^value='(.*)'/)?.[1] ?? ''
  const architecture = (await runBuild(['dpkg', '--print-architecture'])).stdout.trim()
  const settings: [string, string][] = [
    ['Dir', `${folder}/`],
    ['Dir::Etc', `${folder}/etc/`],
    ['Dir::Etc::main', 'none'],
    ['Dir::Etc::parts', 'parts'],
    ['Dir::Etc::sourcelist', 'sources.list'],
    ['Dir::Etc::sourceparts', 'parts'],
    ['Dir::Etc::preferences', 'none'],
    ['Dir::Etc::preferencesparts', 'parts'],
    // Credentials of the host's mirror.
    ['Dir::Etc::netrc', await host('Dir::Etc::netrc/f')],
    ['Dir::Etc::netrcparts', await host('Dir::Etc::netrcparts/d')],
    ['Dir::State', `${folder}/`],
    ['Dir::State::lists', 'lists/'],
    ['Dir::State::status', `${folder}/status`],
    ['Dir::Cache', `${folder}/`],
    ['Dir::Cache::archives', 'archives/'],
    ['Dir::Log', `${folder}/`],
    ['APT::Architecture', architecture],
    ['APT::Update::Error-Mode', 'any'],
    ['APT::Get::Assume-Yes', 'true'],
    ['Acquire::Languages', 'none'],
    ['Acquire::Retries', '3'],
    ['APT::Sandbox::User', (await isReachableByAll(folder)) ? '_apt' : 'root'],
  ]
  const lines = settings.filter(([, value]) => value !== '').map(([key, value]) => `${key} "${value}";`)
  return [...lines, `APT::Architectures { "${architecture}"; };`, ...(await hostAcquireSettings()), ''].join('\n')
}

/** apt fetches as the user `_apt`, which cannot enter e.g. /root: there it has to stay root. */
async function isReachableByAll(folder: string): Promise<boolean> {
  if (((await stat(folder)).mode & 0o001) === 0) return false
  return folder === dirname(folder) || isReachableByAll(dirname(folder))
}

/** Lines of APT::Status-Fd: `dlstatus:1:23.5:Retrieving file 1 of 3`. */
export function downloadPercent(line: string): number | undefined {
  const match = /^(?:dlstatus|pmstatus):[^:]*:([\d.]+):/.exec(line)
  return match?.[1] === undefined ? undefined : Math.round(Number(match[1]))
}

export function parsePackage(name: string, control: string): DebianPackage {
  const field = (key: string) => new RegExp(`^${key}: (.*)$`, 'm').exec(control)?.[1] ?? ''
  if (field('Version') === '') throw packageNotFound(name)
  return { name: field('Package'), version: field('Version'), depends: field('Depends') }
}

const packageNotFound = (name: string) =>
  new RametError('package_not_found', 503, `The Debian mirror of this host has no package ${name} in the chosen releases.`)

function aptError(error: unknown): unknown {
  if (!(error instanceof ProcessFailed) || isSpaceError(error)) return error
  if (/^E: (No packages found|Unable to (locate|find a source) package)/m.test(error.stderr))
    return packageNotFound(error.argv.at(-1) ?? '')
  const complaints = error.message.split('\n').filter((line) => /^\s*(E|W|Err)[: ]/.test(line))
  if (
    /Could not resolve|Temporary failure|Could not connect|Connection (failed|timed out|refused)|Failed to fetch/i.test(
      error.message,
    )
  )
    return new RametError(
      'mirror_unreachable',
      503,
      `The Debian mirror of this host cannot be used: ${complaints.slice(-2).join(' ').trim()}`,
      {
        hint: 'Check with: apt-get update. What is built already goes on working.',
        cause: error,
      },
    )
  return error
}

function lazy<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}

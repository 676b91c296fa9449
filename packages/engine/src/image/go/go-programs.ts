import { chown, copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { requireSpace } from '../../disk/space.ts'
import type { BuildOptions, ReportProgress } from '../cache/artefact.ts'
import { cached } from '../cache/cache.ts'
import type { CachedArtefact } from '../cache/record.ts'
import { boxUsers, runInBox } from '../dockerfile/box-program.ts'
import { type Recipe, recipeHash } from '../recipes/recipe.ts'
import { fetchGo } from './go-toolchain.ts'
import { listFormat, programsProgress } from './programs-progress.ts'

/** Programs of public Go modules. */
export interface GoPrograms {
  /** Of the artefact. */
  readonly name: string
  /** A folder with a go.mod, whose tools are the programs, and the go.sum of all that they are made of. */
  readonly module: URL
  /** Go files of the module itself, relative to it. */
  readonly sources?: readonly string[]
  /** For `go build -ldflags`. */
  readonly linkerFlags: readonly string[]
  /** Of how many packages they are made, about: their share of the work when there are others. */
  readonly packages: number
}

/** Changed by hand whenever the steps below make something else of the same modules. */
const revision = '1'
/** Modules, what is compiled of them, and the programs; of Kubernetes, measured. */
const peakBytes = 6 * 2 ** 30
/** The slowest host that anybody may have patience for. */
const longestMs = 6 * 60 * 60_000

const filesOf = ({ sources = [] }: GoPrograms) => ['go.mod', 'go.sum', ...sources]
const at = ({ module }: GoPrograms, file: string) => new URL(file, `${module}/`)

/** Everything that decides what the programs are, but for the compiler's version. */
export async function goProgramsRecipe(programs: GoPrograms): Promise<Recipe> {
  const texts: Record<string, string> = {}
  for (const file of filesOf(programs)) texts[file] = await readFile(at(programs, file), 'utf8')
  return { revision, ...texts, linkerFlags: programs.linkerFlags }
}

/**
 * The programs, static and without symbols, in a folder of the cache. Compiled by Debian's Go in the box that Dockerfiles are built in, from modules of the Go module proxy whose digests
 * are in go.sum. What a build that was broken off has fetched, compiled and linked stays in the cache folder for the next one. Throws `process_failed`, `no_space`, and what `fetchGo` does.
 */
export async function buildGoPrograms(
  programs: GoPrograms,
  { cacheFolder, report, signal }: BuildOptions,
): Promise<CachedArtefact> {
  const { name } = programs
  const build = async (folder: string, scratch: string) => {
    await requireSpace(cacheFolder, peakBytes)
    const box = join(cacheFolder, 'go', name)
    const inBox = join(box, 'build')
    const module = join(inBox, 'module')
    await mkdir(inBox, { recursive: true })
    const go = await fetchGo(join(inBox, 'go'), scratch, { report: within(report, 0, 5), ...(signal && { signal }) })
    await rm(module, { recursive: true, force: true })
    for (const file of filesOf(programs)) {
      await mkdir(dirname(join(module, file)), { recursive: true })
      await copyFile(at(programs, file), join(module, file))
    }
    await chown(inBox, boxUsers.first, boxUsers.first)
    const runGo = (args: readonly string[], onLine: (line: string) => void) =>
      runInBox(['nice', '-n', '10', 'env', '-C', '/build/module', ...environment, `/build/go/${go.root}/bin/go`, ...args], {
        folder: box,
        hasNetwork: true,
        onLine,
        signal,
        timeoutMs: longestMs,
      })

    const modules = (await readFile(at(programs, 'go.sum'), 'utf8'))
      .split('\n')
      .filter((line) => / h1:/.test(line) && !/\/go\.mod /.test(line))
    const listed = await runGo(['list', '-f', listFormat, 'tool'], fetched(modules.length, within(report, 5, 10)))
    const { names, packages, seen } = programsProgress(listed.stdout)
    report({ step: 'Compiling', message: `Compiling ${packages} packages of ${names.join(', ')}`, percent: 10 })
    await runGo(
      ['build', '-v', '-trimpath', `-ldflags=${['-s', '-w', ...programs.linkerFlags].join(' ')}`, '-o', '/build/out/', 'tool'],
      (line) => {
        const progress = seen(line)
        if (progress) within(report, 10, 98)(progress)
      },
    )
    for (const program of names) {
      await rename(join(inBox, 'out', program), join(folder, program))
      await chown(join(folder, program), 0, 0)
    }
    await rm(box, { recursive: true })
    return { go: go.version, packages }
  }
  const key = { cacheFolder, kind: 'go-programs', name, recipeHash: recipeHash(await goProgramsRecipe(programs)) }
  const onWait = () => report({ step: 'Waiting', message: `Another process is building ${name}` })
  return cached(key, build, { ...(signal && { signal }), onWait })
}

const proxy = process.env.GOPROXY

/** No settings of the host's but another module proxy; no other Go than the one at hand; no code but what go.sum has the digest of. */
const environment = [
  ...['HOME=/build', 'GOENV=off', 'GOTOOLCHAIN=local', 'GOTELEMETRY=off', 'GOFLAGS=-mod=readonly', 'CGO_ENABLED=0'],
  ...['GOMODCACHE=/build/modules', 'GOCACHE=/build/objects', 'GOPATH=/build/path'],
  ...(proxy === undefined ? [] : [`GOPROXY=${proxy}`]),
]

/** Progress of a part of the whole, from `first` to `last` percent of it. */
export const within =
  (report: ReportProgress, first: number, last: number): ReportProgress =>
  (progress) =>
    report({ ...progress, percent: first + ((progress.percent ?? 0) * (last - first)) / 100 })

function fetched(total: number, report: ReportProgress): (line: string) => void {
  let seen = 0
  return (line) => {
    if (!line.startsWith('go: downloading ')) return
    seen += 1
    report({
      step: 'Fetching modules',
      message: `Fetching modules: ${seen} of ${total}`,
      percent: Math.min(100, Math.round((100 * seen) / total)),
    })
  }
}

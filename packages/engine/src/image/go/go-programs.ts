import { chown, copyFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { requireSpace } from '../../disk/space.ts'
import type { BuildOptions, ReportProgress } from '../cache/artefact.ts'
import { cached } from '../cache/cache.ts'
import type { CachedArtefact } from '../cache/record.ts'
import { boxUsers, runInBox } from '../dockerfile/box-program.ts'
import { type Recipe, recipeHash, sourceTexts } from '../recipes/recipe.ts'
import { fetchGo } from './go-toolchain.ts'

/** Programs of public Go modules. */
export interface GoPrograms {
  /** Of the artefact. */
  readonly name: string
  /** A folder with a go.mod, whose tools are the programs, and the go.sum of all that they are made of. */
  readonly module: URL
  /** For `go build -ldflags`. */
  readonly linkerFlags: readonly string[]
}

/** Changed by hand whenever the steps below make something else of the same modules. */
const revision = '1'
/** Modules, what is compiled of them, and the programs; of Kubernetes, measured. */
const peakBytes = 6 * 2 ** 30
/** The slowest host that anybody may have patience for. */
const longestMs = 6 * 60 * 60_000

const sources = ({ module }: GoPrograms) => ['go.mod', 'go.sum'].map((name) => new URL(name, `${module}/`))

/** Everything that decides what the programs are, but for the compiler's version. */
export async function goProgramsRecipe(programs: GoPrograms): Promise<Recipe> {
  return { revision, ...(await sourceTexts(sources(programs))), linkerFlags: programs.linkerFlags }
}

/**
 * The programs, static and without symbols, in a folder of the cache. Compiled by Debian's Go in the box that Dockerfiles are built in, from modules of the Go module proxy whose digests
 * are in go.sum. What a build that was broken off has fetched and compiled stays in the cache folder for the next one. Throws `process_failed`, `no_space`, and what `fetchGo` does.
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
    await mkdir(join(inBox, 'module'), { recursive: true })
    const go = await fetchGo(join(inBox, 'go'), scratch, { report: within(report, 0, 5), ...(signal && { signal }) })
    for (const file of sources(programs)) await copyFile(file, join(inBox, 'module', file.pathname.split('/').at(-1) ?? ''))
    await chown(inBox, boxUsers.first, boxUsers.first)
    const runGo = (args: readonly string[], onLine: (line: string) => void) =>
      runInBox(['nice', '-n', '10', 'env', '-C', '/build/module', ...environment, `/build/go/${go.root}/bin/go`, ...args], {
        folder: box,
        hasNetwork: true,
        onLine,
        signal,
        timeoutMs: longestMs,
      })

    const modules = (await readFile(join(inBox, 'module/go.sum'), 'utf8'))
      .split('\n')
      .filter((line) => / h1:/.test(line) && !/\/go\.mod /.test(line))
    const listed = await runGo(
      ['list', '-deps', 'tool'],
      counted('Fetching modules', /^go: downloading /, modules.length, within(report, 5, 10)),
    )
    const packages = listed.stdout.trim().split('\n').length
    report({ step: 'Compiling', message: `Compiling ${packages} packages`, percent: 10 })
    await runGo(
      ['build', '-v', '-trimpath', `-ldflags=${['-s', '-w', ...programs.linkerFlags].join(' ')}`, '-o', '/build/out/', 'tool'],
      counted('Compiling', /^[\w.]+(\/[\w.-]+)*$/, packages, within(report, 10, 98)),
    )
    for (const program of await readdir(join(inBox, 'out'))) {
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

/** Reports how many of the lines that a program prints have come. */
function counted(step: string, pattern: RegExp, total: number, report: ReportProgress): (line: string) => void {
  let seen = 0
  return (line) => {
    if (!pattern.test(line)) return
    seen += 1
    report({ step, message: `${step}: ${seen} of ${total}`, percent: Math.min(100, Math.round((100 * seen) / total)) })
  }
}

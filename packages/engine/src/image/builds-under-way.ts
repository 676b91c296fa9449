import type { Progress } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { imageBuildFailed } from '@ramet/model/errors/errors.ts'
import type { RegistryAuth } from '@ramet/model/manifest/registry-auth.ts'
import type { ReportProgress } from './cache/artefact.ts'
import type { Built, CatalogEntry } from './recipes/catalog-entry.ts'

export interface RequireOptions {
  readonly report?: ReportProgress
  /** Stops waiting; the build goes on as long as anybody else waits for it. */
  readonly signal?: AbortSignal
  /** The login of the playground that wants it. Nobody else's pull uses it: theirs is a build of its own, and what comes of both is stored once. */
  readonly registryAuth?: RegistryAuth | undefined
}

/** What is told of builds. */
export interface BuildWatch {
  onBegin(entry: CatalogEntry): void
  onProgress(entry: CatalogEntry): void
  /** Not called for a build that was cancelled. */
  onFailure(entry: CatalogEntry, error: RametError): void
  /** After the other two: what there is now is to be looked for. The build is gone when `settled` is called. */
  onEnd(entry: CatalogEntry, settled: () => void): Promise<void>
}

interface BuildUnderWay {
  readonly name: string
  readonly result: Promise<Built>
  readonly controller: AbortController
  readonly reports: Set<ReportProgress>
  /** Callers of `join` who still want it; nobody left means that it is cancelled, unless somebody asked for the build as such. */
  waiting: number
  keep: boolean
  progress: Progress
}

/** Builds, each at most once at a time, which whoever wants the same joins. */
export class BuildsUnderWay {
  readonly #cacheFolder: string
  readonly #watch: BuildWatch
  /** By `buildKey`. */
  readonly #builds = new Map<string, BuildUnderWay>()

  constructor(cacheFolder: string, watch: BuildWatch) {
    this.#cacheFolder = cacheFolder
    this.#watch = watch
  }

  /** How far the build of that name is; undefined when there is none. */
  progressOf(name: string): Progress | undefined {
    return [...this.#builds.values()].find((build) => build.name === name)?.progress
  }

  /** Joins the build under way, or begins one. `force`: builds although there is one, and goes on when nobody waits. */
  async join(entry: CatalogEntry, options: RequireOptions, force: boolean): Promise<Built> {
    const { signal, report, registryAuth } = options
    const key = buildKey(entry.name, registryAuth)
    signal?.throwIfAborted()
    for (let ending = this.#builds.get(key); ending?.controller.signal.aborted; ending = this.#builds.get(key))
      await ending.result.catch(() => {})
    const build = this.#builds.get(key) ?? this.#begin(entry, force, registryAuth)
    if (force) build.keep = true
    build.waiting++
    if (report) {
      build.reports.add(report)
      report(build.progress)
    }
    const { promise: gaveUp, reject } = Promise.withResolvers<never>()
    gaveUp.catch(() => {})
    const giveUp = () => reject(signal?.reason)
    signal?.addEventListener('abort', giveUp, { once: true })
    try {
      return await Promise.race([build.result, gaveUp])
    } finally {
      signal?.removeEventListener('abort', giveUp)
      if (report) build.reports.delete(report)
      build.waiting--
      if (build.waiting === 0 && !build.keep) build.controller.abort(cancelled(entry.name))
    }
  }

  /** Cancels what is built under that name, one after the other, and waits until it left nothing. */
  async cancel(name: string): Promise<void> {
    for (const build of [...this.#builds.values()].filter((each) => each.name === name)) {
      build.controller.abort(cancelled(name))
      await build.result.catch(() => {})
    }
  }

  /** Cancels all at once, and waits until they left nothing. */
  async close(): Promise<void> {
    const builds = [...this.#builds.values()]
    for (const { name, controller } of builds) controller.abort(cancelled(name))
    await Promise.allSettled(builds.map(({ result }) => result))
  }

  #begin(entry: CatalogEntry, force: boolean, registryAuth: RegistryAuth | undefined): BuildUnderWay {
    const key = buildKey(entry.name, registryAuth)
    const controller = new AbortController()
    const reports = new Set<ReportProgress>()
    const report = (progress: Progress) => {
      build.progress = progress
      for (const each of reports) each(progress)
      this.#watch.onProgress(entry)
    }
    const run = async () => {
      try {
        // Not before `build` below is set.
        await Promise.resolve()
        report(build.progress)
        return await entry.build({ cacheFolder: this.#cacheFolder, report, signal: controller.signal, force, registryAuth })
      } catch (error) {
        const told = error instanceof RametError ? error : imageBuildFailed(entry.name, (error as Error).message)
        if (!controller.signal.aborted) this.#watch.onFailure(entry, asBuildError(entry.name, told))
        throw asBuildError(entry.name, told)
      } finally {
        await this.#watch.onEnd(entry, () => this.#builds.delete(key))
      }
    }
    this.#watch.onBegin(entry)
    const build: BuildUnderWay = {
      name: entry.name,
      result: run(),
      controller,
      reports,
      waiting: 0,
      keep: force,
      progress: { step: 'Starting', message: [`Building ${entry.name}`, entry.costs].filter(Boolean).join('. '), percent: 0 },
    }
    build.result.catch(() => {})
    this.#builds.set(key, build)
    return build
  }
}

/** Only in memory. */
const buildKey = (name: string, auth: RegistryAuth | undefined) =>
  auth === undefined ? name : JSON.stringify([name, auth.host, auth.user, auth.password])

const cancelled = (name: string) => new RametError('cancelled', 409, `The build of ${name} was cancelled.`)

/** A program's complaint says which image it was about; what already names a way out stays as it is. */
const asBuildError = (name: string, error: RametError) =>
  error.code === 'process_failed' ? imageBuildFailed(name, error.message) : error

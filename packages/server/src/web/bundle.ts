import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { diesWithParent, run } from '@ramet/engine'
import type { FastifyBaseLogger } from 'fastify'

export type WebState = 'building' | 'ready' | 'failed'

export interface WebBundle {
  /** Of what browsers get: an older bundle is served while a new one is built, and when that fails. */
  state(): WebState
  /** True when a bundle is there, made of the sources as they are. */
  isCurrent(): boolean
  readonly folder: string
  /** Settles, never rejects, when it is clear how it went. */
  readonly done: Promise<void>
}

export interface WebBundleOptions {
  readonly log: FastifyBaseLogger
  /** Root of the repository. */
  readonly root?: string
  /** Ends a build under way. */
  readonly signal?: AbortSignal
  /** Replaces `vite build` in tests. */
  readonly build?: (into: string) => Promise<void>
}

const repository = fileURLToPath(new URL('../../../..', import.meta.url))
const sources = [
  'package-lock.json',
  'packages/model/src',
  'packages/client/src',
  'packages/web/src',
  'packages/web/public',
  'packages/web/index.html',
  'packages/web/shell.html',
  'packages/web/package.json',
  'packages/web/vite.config.ts',
]
const longestBuildMs = 600_000
/** Not served: names that begin with a dot are refused. */
const recordName = '.sources'

/** Builds the web app when its sources have changed. Never throws and keeps nobody waiting: without it the API works all the same. */
export function ensureWebBundle({ log, root = repository, signal, build }: WebBundleOptions): WebBundle {
  const folder = join(root, 'packages/web/dist')
  let state: WebState = 'building'
  let isCurrent = false
  const ensure = async () => {
    const wanted = await hashOf(root)
    const built = await readFile(join(folder, recordName), 'utf8').catch(() => undefined)
    if (built !== undefined) state = 'ready'
    if (built !== wanted) {
      const startedAt = performance.now()
      await replace(folder, root, wanted, build ?? ((into) => viteBuild(root, into, signal)))
      log.info({ seconds: Math.round((performance.now() - startedAt) / 100) / 10 }, 'web app built')
    }
    state = 'ready'
    isCurrent = true
  }
  const done = ensure().catch((error: unknown) => {
    if (state === 'building') state = 'failed'
    if (!signal?.aborted) log.error({ err: error }, 'the web app could not be built; API and CLI work without it')
  })
  return { state: () => state, isCurrent: () => isCurrent, folder, done }
}

async function viteBuild(root: string, into: string, signal: AbortSignal | undefined): Promise<void> {
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  // Gently: at the first start images are being built at the same time, and people wait for those. And not for a server that was killed.
  await run(
    [
      ...diesWithParent,
      'nice',
      '-n',
      '10',
      process.execPath,
      vite,
      'build',
      '--outDir',
      into,
      '--emptyOutDir',
      '--logLevel',
      'warn',
    ],
    {
      cwd: join(root, 'packages/web'),
      timeoutMs: longestBuildMs,
      env: { NODE_ENV: 'production' },
      ...(signal ? { signal } : {}),
    },
  )
}

/** The new bundle takes the old one's place whole, or not at all. */
async function replace(folder: string, root: string, hash: string, build: (into: string) => Promise<void>): Promise<void> {
  // On the same filesystem as its destination, and where version control does not look.
  const workshops = join(root, 'node_modules/.cache/ramet-web')
  await removeAbandoned(workshops)
  const workshop = join(workshops, randomBytes(4).toString('hex'))
  const fresh = join(workshop, 'fresh')
  try {
    await mkdir(workshop, { recursive: true })
    await build(fresh)
    await stat(join(fresh, 'index.html'))
    await writeFile(join(fresh, recordName), hash)
    await swap(fresh, folder, workshop)
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}

/** What servers left that were killed while they built. */
async function removeAbandoned(workshops: string): Promise<void> {
  for (const name of (await readdir(workshops).catch(ignoreMissing)) ?? []) {
    const path = join(workshops, name)
    const found = await stat(path).catch(ignoreMissing)
    if (found && Date.now() - found.mtimeMs > 2 * longestBuildMs) await rm(path, { recursive: true, force: true })
  }
}

/** Two servers started from one checkout may both arrive here: the last one wins. */
async function swap(fresh: string, folder: string, workshop: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await rename(folder, join(workshop, `old-${attempt}`)).catch(ignoreMissing)
    try {
      return await rename(fresh, folder)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (attempt === 3 || (code !== 'ENOTEMPTY' && code !== 'EEXIST')) throw error
    }
  }
}

async function hashOf(root: string): Promise<string> {
  const hash = createHash('sha256')
  for (const path of await filesOf(root)) {
    const content = await readFile(path)
    hash.update(`${relative(root, path)}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}

async function filesOf(root: string): Promise<string[]> {
  const files: string[] = []
  for (const source of sources) {
    const path = join(root, source)
    const kind = await stat(path).catch(ignoreMissing)
    if (kind?.isFile()) files.push(path)
    if (!kind?.isDirectory()) continue
    for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
      // Tests stand beside the code and are no part of it.
      if (entry.isFile() && !/\.test\.tsx?$/.test(entry.name)) files.push(join(entry.parentPath, entry.name))
    }
  }
  return files.sort()
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

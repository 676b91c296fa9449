import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export const root = join(import.meta.dirname, '../..')

/** Programs of this repository that start often, and their main modules. */
export const programs = {
  server: 'packages/server/src/main.ts',
  'fake-server': 'packages/server/src/testing/fake-main.ts',
  'manifest-reader': 'packages/server/src/manifests/reader-main.ts',
  'store-thread': 'packages/server/src/store/sqlite/thread-main.ts',
  cli: 'packages/cli/src/main.ts',
}

/** Each build is a folder in here, and a running server keeps its own: parts of it are loaded late. */
export const builds = join(root, 'node_modules/.cache/ramet-built')

/** A link to the newest build. Beside `NAME.mjs` it has `NAME.json`: what that was built from, as `stampOf` tells it. */
export const newest = join(builds, 'newest')

/** When a file was changed, and its size; undefined where there is none. `file`: relative to the repository. */
export function stampOf(file) {
  const found = statSync(join(root, file), { throwIfNoEntry: false })
  return found && `${found.mtimeMs} ${found.size}`
}

/** Whether the newest build of a program was made from the sources as they are now. */
export function isBuilt(name) {
  const inputs = join(newest, `${name}.json`)
  if (!existsSync(inputs)) return false
  return Object.entries(JSON.parse(readFileSync(inputs, 'utf8'))).every(([file, stamp]) => stampOf(file) === stamp)
}

/**
 * The URL to import to run a program: its build, which starts with a quarter (a server) to a half (the CLI) of the CPU time less, or else its source. Sources that were edited since are always run as they
 * are.
 */
export async function mainOf(name) {
  if (isBuilt(name)) return pathToFileURL(join(newest, `${name}.mjs`)).href
  await import('../bundled/use.mjs')
  return pathToFileURL(join(root, programs[name])).href
}

import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Import, importsOf } from './imports.ts'

/** One file of a package's `src`. */
export interface Module {
  /** `packages/server/src/runs/run.ts` */
  readonly file: string
  /** `server` */
  readonly package: string
  /** Inside `src`: `runs/run.ts` */
  readonly path: string
  readonly text: string
  readonly imports: readonly (Import & { readonly target: string | undefined })[]
  /** Tests, and what is there for tests alone. */
  readonly isForTests: boolean
}

export type Tree = ReadonlyMap<string, Module>

/** The modules of all packages under `root`. */
export function readTree(root: string): Tree {
  const files = globSync('packages/*/src/**/*.{ts,tsx}', { cwd: root })
  return treeOf(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]))
}

export function treeOf(files: readonly (readonly [file: string, text: string])[]): Tree {
  return new Map(files.map(([file, text]) => [file, moduleOf(file, text)]))
}

function moduleOf(file: string, text: string): Module {
  const [, name = '', path = ''] = /^packages\/([^/]+)\/src\/(.*)$/.exec(file) ?? []
  return {
    file,
    package: name,
    path,
    text,
    imports: importsOf(text).map((one) => ({ ...one, target: targetOf(file, one.from) })),
    isForTests: /(^|\/)testing\/|\.test\.tsx?$/.test(path),
  }
}

/** The file that an import leads to; undefined when it is none of ours. */
function targetOf(file: string, from: string): string | undefined {
  if (from.startsWith('.')) return join(dirname(file), from)
  const [, name, inner] = /^@ramet\/([^/]+)(?:\/(.*))?$/.exec(from) ?? []
  if (name === undefined) return undefined
  if (inner === undefined || inner === 'testing') return join('packages', name, 'src', inner ?? '', 'index.ts')
  return join('packages', name, 'src', inner)
}

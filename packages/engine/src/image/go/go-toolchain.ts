import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { RametError } from '@ramet/model/errors/error.ts'
import { openApt } from '../build/apt.ts'
import { runBuild } from '../build/build-process.ts'
import type { BuildOptions } from '../cache/artefact.ts'

/** Debian's testing release: programs of this year want a newer Go than a stable release has. */
const suite = 'forky'
/** Depends on the newest Go of the release, by its name. */
const metaPackage = 'golang-go'

export interface GoToolchain {
  /** GOROOT, relative to the folder. */
  readonly root: string
  /** Debian's, e.g. `1.27.3-1`. */
  readonly version: string
}

/**
 * Unpacks Debian's newest Go into a folder, in place of what is there; nothing is installed on the host. 48 MB are fetched and take 250 MB. Throws what `openApt` does.
 */
export async function fetchGo(
  folder: string,
  scratch: string,
  { report, signal }: Omit<BuildOptions, 'cacheFolder'>,
): Promise<GoToolchain> {
  const apt = await openApt({ folder: join(scratch, 'apt'), suites: [suite], report, ...(signal && { signal }) })
  const name = goRelease((await apt.resolve(metaPackage)).depends)
  const { version } = await apt.resolve(`${name}-go`)
  const files = await apt.download([`${name}-go`, `${name}-src`], join(scratch, 'debs'))
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  for (const file of files) await runBuild(['dpkg-deb', '-x', file, folder], { signal })
  return { root: `usr/lib/${name.replace('golang-', 'go-')}`, version }
}

/** `golang-1.27` of the meta package's Depends: `golang-1.27-go, golang-src (>= 2:1.27~1)`. */
export function goRelease(depends: string): string {
  const name = /\b(golang-\d+\.\d+)-go\b/.exec(depends)?.[1]
  if (name === undefined) throw new RametError('package_not_found', 503, `The newest Go is not named in: ${depends}`)
  return name
}

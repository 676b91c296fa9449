import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openAsBlob } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RametError } from '@ramet/model/errors/error.ts'
import { invalidInput } from '@ramet/model/errors/errors.ts'
import { ignored } from './docker-ignore.ts'

const mostEntries = 100_000
/** What the server takes. */
const mostBytes = 256 * 2 ** 20
const always = new Set(['Dockerfile', 'Containerfile', '.dockerignore'])

/**
 * Packs a folder with a Dockerfile into an archive, without what its .dockerignore names, and hands it to `send`. The same content is the same archive, whoever has it
 * and whenever it was written. Throws `invalid_input`, `context_too_large`.
 */
export async function packFolder<T>(folder: string, send: (archive: Blob) => Promise<T>): Promise<T> {
  const paths = await pathsOf(folder)
  const scratch = await mkdtemp(join(tmpdir(), 'ramet-build-'))
  try {
    const archive = join(scratch, 'folder.tar')
    await pack(folder, paths, archive)
    return await send(await openAsBlob(archive, { type: 'application/x-tar' }))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Relative paths of files, folders and links, sorted; a folder before what is in it. */
export async function pathsOf(folder: string): Promise<string[]> {
  const found = await stat(folder).catch(() => undefined)
  if (!found?.isDirectory()) throw invalidInput(`There is no folder ${folder}.`)
  const rules = ignored(await readFile(join(folder, '.dockerignore'), 'utf8').catch(() => ''))
  const paths: string[] = []
  let bytes = 0
  const walk = async (below: string) => {
    const entries = await readdir(join(folder, below), { withFileTypes: true })
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`
      const isIgnored = !always.has(path) && rules.isIgnored(path)
      if (isIgnored && !(entry.isDirectory() && rules.hasExceptions)) continue
      if (!isIgnored && (entry.isFile() || entry.isDirectory() || entry.isSymbolicLink())) paths.push(path)
      if (entry.isFile()) bytes += (await stat(join(folder, path))).size
      if (paths.length > mostEntries || bytes > mostBytes) throw contextTooLarge(folder)
      if (entry.isDirectory()) await walk(path)
    }
  }
  await walk('')
  if (!paths.some((path) => path === 'Dockerfile' || path === 'Containerfile'))
    throw invalidInput(`The folder ${folder} has no Dockerfile.`)
  return paths
}

async function pack(folder: string, paths: readonly string[], archive: string): Promise<void> {
  const options = [
    '--format=posix',
    '--pax-option=delete=atime,delete=ctime',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
  ]
  const list = ['--no-recursion', '--hard-dereference', '--null', '--verbatim-files-from', '--files-from=-']
  const child = spawn('tar', ['--create', `--file=${archive}`, `--directory=${folder}`, ...options, ...list], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-2000)
  })
  child.stdin.on('error', () => {})
  child.stdin.end(paths.map((path) => `./${path}\0`).join(''))
  const [code] = (await once(child, 'close').catch((error) => {
    throw new RametError('folder_not_packed', 500, `tar cannot be run: ${(error as Error).message}`)
  })) as [number | null]
  if (code !== 0) throw new RametError('folder_not_packed', 500, `The folder ${folder} could not be packed: ${said.trim()}`)
}

const contextTooLarge = (folder: string) =>
  new RametError(
    'context_too_large',
    413,
    `The folder ${folder} has more than ${mostBytes / 2 ** 20} MiB or ${mostEntries} files.`,
    {
      hint: 'Name what the build does not need in its .dockerignore.',
    },
  )

import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'
import { builds, newest, programs, root, stampOf } from './programs.mjs'

/** Builds this repository's programs into few files of JavaScript (`programs.mjs`). A build comes whole or not at all. */

/** A server that runs may load parts of its build late. */
const kept = 3

/** What is compiled for this machine, or finds files beside itself, stays what npm installed. */
const external = ['ssh2', 'cpu-features', 'pg', 'pg-native', 'vite', 'rolldown', 'lightningcss', 'fsevents']

/** Sources find what lies beside them, for example programs for guests, where they were. */
const placesOfSources = {
  name: 'places-of-sources',
  transform(code, id) {
    if (id.includes('node_modules') || !code.includes('import.meta')) return null
    return code
      .replaceAll('import.meta.dirname', JSON.stringify(dirname(id)))
      .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
  },
}

/** Files of this repository that a chunk and all that it imports, at once or late, were made from. */
function sourcesOf(chunk, chunks, seen = new Set()) {
  if (!chunk || seen.has(chunk)) return []
  seen.add(chunk)
  const more = [...chunk.imports, ...chunk.dynamicImports].flatMap((name) => sourcesOf(chunks.get(name), chunks, seen))
  return [...chunk.moduleIds.filter((id) => id.startsWith(join(root, 'packages/'))), ...more]
}

// Before they are read: one that is changed meanwhile is not taken for what was built.
const lockfile = 'package-lock.json'
const began = Date.now()
await mkdir(builds, { recursive: true })
const fresh = await mkdtemp(join(builds, 'build-'))
await chmod(fresh, 0o755)
const bundle = await rolldown({
  input: Object.fromEntries(Object.entries(programs).map(([name, main]) => [name, join(root, main)])),
  platform: 'node',
  cwd: root,
  logLevel: 'warn',
  external: (id) => external.some((name) => id === name || id.startsWith(`${name}/`)),
  plugins: [placesOfSources],
})
const { output } = await bundle.write({
  dir: fresh,
  format: 'esm',
  entryFileNames: '[name].mjs',
  chunkFileNames: '[name]-[hash].mjs',
})
await bundle.close()
const chunks = new Map(output.filter(({ type }) => type === 'chunk').map((chunk) => [chunk.fileName, chunk]))
for (const name of Object.keys(programs)) {
  const files = sourcesOf(chunks.get(`${name}.mjs`), chunks).map((file) => relative(root, file))
  const stamps = [lockfile, ...new Set(files)].map((file) => [file, stampOf(file)])
  const changed = stamps.find(([, stamp]) => Number(stamp?.split(' ')[0]) > began)
  if (changed) throw new Error(`${changed[0]} was changed while it was built.`)
  await writeFile(join(fresh, `${name}.json`), JSON.stringify(Object.fromEntries(stamps)))
}
const link = `${fresh}.link`
await symlink(basename(fresh), link)
await rename(link, newest)

const times = await Promise.all(
  (await readdir(builds))
    .filter((name) => name.startsWith('build-') && !name.endsWith('.link'))
    .map(async (name) => ({ name, at: (await stat(join(builds, name))).mtimeMs })),
)
for (const { name } of times.toSorted((a, b) => b.at - a.at).slice(kept))
  if (existsSync(join(builds, name))) await rm(join(builds, name), { recursive: true, force: true })

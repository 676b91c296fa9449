import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { rolldown } from 'rolldown'
import { bundles } from './libraries.mjs'

/** Bundles libraries that many processes load at their start (`use.mjs`). A folder comes whole or not at all, and stays while its version is installed. */
for (const { modules, folder } of bundles()) {
  if (existsSync(folder)) continue
  await mkdir(dirname(folder), { recursive: true })
  const fresh = await mkdtemp(`${folder}-`)
  await chmod(fresh, 0o755)
  const input = Object.fromEntries(Object.entries(modules).map(([specifier, module]) => [module, specifier]))
  const bundle = await rolldown({ input, platform: 'node', cwd: join(import.meta.dirname, '../..') })
  await bundle.write({ dir: fresh, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' })
  await bundle.close()
  // Another one may have been faster.
  await rename(fresh, folder).catch((error) => {
    if (!existsSync(folder)) throw error
    return rm(fresh, { recursive: true })
  })
}

import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundles } from './libraries.mjs'

/**
 * Imported before anything else, so that kysely and zod come from one file each instead of 350 in all: finding, reading and linking those is a seventh of what a server
 * loads (measured, medians of nine in turn on a busy host: 0.88 s of CPU instead of 1.03). `make.mjs` makes the files after `npm install`; without them the libraries'
 * own modules are loaded.
 */
const urls = new Map()
for (const { modules, folder } of bundles()) {
  if (!existsSync(folder)) continue
  for (const [specifier, module] of Object.entries(modules))
    urls.set(import.meta.resolve(specifier), pathToFileURL(join(folder, `${module}.mjs`)).href)
}
if (urls.size > 0) {
  registerHooks({
    // What another library has of its own, of another version, resolves to another file.
    resolve(specifier, context, next) {
      const found = next(specifier, context)
      const url = urls.get(found.url)
      return url === undefined ? found : { ...found, url }
    },
  })
}

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const modules = join(import.meta.dirname, '../../node_modules')

/** Libraries of many small modules, and what is imported of each: the specifier, and the module of its bundle. */
const libraries = {
  kysely: { kysely: 'index', 'kysely/migration': 'migration' },
  zod: { zod: 'index', 'zod/v4': 'index' },
}

/** Each library that is installed, with the folder of its bundle, which has its version in its name: it is never taken for another one. */
export const bundles = () =>
  Object.entries(libraries).flatMap(([name, modulesOf]) => {
    const about = join(modules, name, 'package.json')
    if (!existsSync(about)) return []
    const { version } = JSON.parse(readFileSync(about, 'utf8'))
    return [{ modules: modulesOf, folder: join(modules, '.cache/ramet-bundled', `${name}-${version}`) }]
  })

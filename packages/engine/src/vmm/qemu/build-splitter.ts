import { join } from 'node:path'
import { runBuild } from '../../image/build/build-process.ts'
import { cached } from '../../image/cache/cache.ts'
import { recipeHash, sourceTexts } from '../../image/recipes/recipe.ts'

const source = new URL('./native/split.c', import.meta.url)
const strict = [
  '-O2',
  '-static',
  '-s',
  '-Wall',
  '-Wextra',
  '-Wshadow',
  '-Wconversion',
  '-Werror',
  '-fstack-protector-strong',
  '-D_FORTIFY_SOURCE=2',
]

/** Returns the path of the program that splits a migration stream. It is compiled at first use, in under a second. Throws `missing_program` without musl-gcc. */
export async function splitterProgram(cacheFolder: string): Promise<string> {
  const recipe = { flags: strict, ...(await sourceTexts([source])) }
  const key = { cacheFolder, kind: 'host-tools', name: 'split', recipeHash: recipeHash(recipe) }
  const { folder } = await cached(key, async (outFolder) => {
    await runBuild(['musl-gcc', ...strict, '-o', join(outFolder, 'split'), source.pathname])
    return {}
  })
  return join(folder, 'split')
}

import { join } from 'node:path'
import { runBuild } from '../../image/build/build-process.ts'
import { cached } from '../../image/cache/cache.ts'
import { recipeHash, sourceTexts } from '../../image/recipes/recipe.ts'

const strict = [
  '-O2',
  '-s',
  '-Wall',
  '-Wextra',
  '-Wshadow',
  '-Wconversion',
  '-Werror',
  '-fstack-protector-strong',
  '-D_FORTIFY_SOURCE=2',
]

/** Programs of `native/` that run on the host. The last one is loaded into QEMU, so it is built for the host's own C library. */
const tools = {
  'keep-log': ['musl-gcc', ...strict, '-static'],
  jail: ['musl-gcc', ...strict, '-static'],
  split: ['musl-gcc', ...strict, '-static'],
  'private-ram': ['gcc', ...strict, '-shared', '-fPIC'],
} as const

/** Returns the path of one of our programs. It is compiled at first use, in under a second. Throws `missing_program` without a compiler. */
export async function hostTool(cacheFolder: string, name: keyof typeof tools): Promise<string> {
  const source = new URL(`./native/${name}.c`, import.meta.url)
  const [compiler, ...flags] = tools[name]
  const recipe = { compiler, flags, ...(await sourceTexts([source])) }
  const key = { cacheFolder, kind: 'host-tools', name, recipeHash: recipeHash(recipe) }
  const { folder } = await cached(key, async (outFolder) => {
    await runBuild([compiler, ...flags, '-o', join(outFolder, name), source.pathname])
    return {}
  })
  return join(folder, name)
}

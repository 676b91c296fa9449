import { join } from 'node:path'
import { runBuild } from '../../build/build-process.ts'
import { cached } from '../../cache/cache.ts'
import { recipeHash, sourceTexts } from '../../recipes/recipe.ts'

const parts = ['attributes', 'confine', 'content', 'find-init', 'folders', 'measure', 'remove', 'seen', 'stream']
const urlOf = (file: string) => new URL(`../native/unpack/${file}`, import.meta.url)
const sources = [...parts, 'main'].map((part) => urlOf(`${part}.c`))
const headers = parts.map((part) => urlOf(`${part}.h`))
// biome-ignore format: one line as it is called
const compiler = ['musl-gcc', '-O2', '-s', '-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Werror', '-fstack-protector-strong', '-D_FORTIFY_SOURCE=2', '-static'] as const

/** Returns the path of the program `native/unpack`, compiled at first use. Throws `missing_program` without a compiler. */
export async function unpackProgram(cacheFolder: string): Promise<string> {
  const key = {
    cacheFolder,
    kind: 'host-tools',
    name: 'unpack',
    recipeHash: recipeHash({ compiler: [...compiler], ...(await sourceTexts([...sources, ...headers])) }),
  }
  const { folder } = await cached(key, async (outFolder) => {
    await runBuild([...compiler, '-o', join(outFolder, 'unpack'), ...sources.map(({ pathname }) => pathname)])
    return {}
  })
  return join(folder, 'unpack')
}

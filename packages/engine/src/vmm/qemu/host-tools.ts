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

const jailParts = ['descriptors', 'fail', 'own-root', 'record', 'rights', 'walls']

/** Programs that run on the host: compiler, flags, and sources and headers in `native/`. What is loaded into QEMU is built for the host's own C library. */
const tools = {
  'keep-log': { compiler: 'musl-gcc', flags: [...strict, '-static'], sources: ['keep-log.c'], headers: [] },
  jail: {
    compiler: 'musl-gcc',
    flags: [...strict, '-static'],
    sources: [...jailParts.map((part) => `jail/${part}.c`), 'jail/main.c', 'writers.c'],
    headers: [...jailParts.map((part) => `jail/${part}.h`), 'writers.h'],
  },
  split: { compiler: 'musl-gcc', flags: [...strict, '-static'], sources: ['split.c'], headers: [] },
  unwritten: {
    compiler: 'musl-gcc',
    flags: [...strict, '-static'],
    sources: ['unwritten.c', 'writers.c'],
    headers: ['writers.h'],
  },
  'private-ram': { compiler: 'gcc', flags: [...strict, '-shared', '-fPIC'], sources: ['private-ram.c'], headers: [] },
} as const

/** Returns the path of one of our programs. It is compiled at first use, in under a second. Throws `missing_program` without a compiler. */
export async function hostTool(cacheFolder: string, name: keyof typeof tools): Promise<string> {
  const { compiler, flags, sources, headers } = tools[name]
  const urlOf = (file: string) => new URL(`./native/${file}`, import.meta.url)
  const recipe = { compiler, flags, ...(await sourceTexts([...sources, ...headers].map(urlOf))) }
  const key = { cacheFolder, kind: 'host-tools', name, recipeHash: recipeHash(recipe) }
  const { folder } = await cached(key, async (outFolder) => {
    await runBuild([compiler, ...flags, '-o', join(outFolder, name), ...sources.map((file) => urlOf(file).pathname)])
    return {}
  })
  return join(folder, name)
}

import { cp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openApt } from '../../image/build/apt.ts'
import { runBuild } from '../../image/build/build-process.ts'
import { cached } from '../../image/cache/cache.ts'
import { recipeHash } from '../../image/recipes/recipe.ts'

/** Copies into `folder` what these packages of Debian 12 have, and none that they depend on; no script of theirs runs. Fetched once for each list. */
export async function debianFiles(cacheFolder: string, packages: readonly [string, ...string[]], folder: string): Promise<void> {
  const key = { cacheFolder, kind: 'test-files', name: packages[0], recipeHash: recipeHash({ packages: [...packages] }) }
  const { folder: kept } = await cached(key, async (made, scratch) => {
    const apt = await openApt({ folder: join(scratch, 'apt'), suites: ['bookworm'] })
    for (const file of await apt.download(packages, join(scratch, 'packages')))
      await runBuild(['dpkg-deb', '--extract', file, join(made, 'root')])
    await rm(join(made, 'root/usr/share'), { recursive: true, force: true })
    return {}
  })
  await mkdir(folder, { recursive: true })
  await cp(join(kept, 'root'), folder, { recursive: true, verbatimSymlinks: true })
}

import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isThere, writeFileAtomically } from '../../disk/files.ts'
import { planNames } from '../../network/dns/name-plan.ts'
import type { Resolvers, RunNames } from '../../network/dns/resolvers.ts'

/** Resolvers that are files below `folder`, so that what leaks can be counted. */
export function fakeResolvers(folder: string): Resolvers {
  const made = join(folder, 'resolvers')
  const fileOf = (namesFolder: string) => join(made, encodeURIComponent(namesFolder))
  const content = ({ network, nameservers }: RunNames) => JSON.stringify({ ...planNames(network), nameservers })
  return {
    async ready(names) {
      return (await readFile(fileOf(names.folder), 'utf8').catch(() => '')) === content(names)
    },
    async start(names) {
      const file = fileOf(names.folder)
      await mkdir(dirname(file), { recursive: true })
      await writeFileAtomically(file, content(names))
    },
    async end(namesFolder) {
      await rm(fileOf(namesFolder), { force: true })
    },
    exists: (namesFolder) => isThere(fileOf(namesFolder)),
    async list(runsFolder) {
      const files = await readdir(made).catch((): string[] => [])
      return files.map(decodeURIComponent).filter((each) => each.startsWith(`${runsFolder}/`))
    },
  }
}

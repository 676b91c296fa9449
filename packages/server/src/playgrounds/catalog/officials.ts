import { HeldFolder } from '@ramet/engine'
import { InvalidInput } from '@ramet/model/errors/error.ts'
import { doJob } from '../../manifests/jobs.ts'
import type { CatalogText, ReadPlayground } from '../../manifests/read-playground.ts'
import { type CatalogEntry, readEntry } from './read-entry.ts'

/** The playgrounds that come with Ramet, read here: they are as much ours as the code. Throws InvalidInput when one is wrong. */
export async function readOfficials(path: string, images: readonly string[]): Promise<CatalogEntry[]> {
  await using folder = await HeldFolder.open(path)
  const officials: CatalogEntry[] = []
  for (const name of (await folder.names()).toSorted()) {
    if (!(await folder.look(name)).isDirectory()) continue
    officials.push(await readEntry(folder, name, async (texts) => readOurs(texts, images)))
  }
  return officials
}

function readOurs(text: CatalogText, images: readonly string[]): ReadPlayground {
  const answer = doJob({ kind: 'catalog', text, options: { images, strict: true } })
  if ('refused' in answer) throw new InvalidInput(answer.status, answer.refused)
  if ('playground' in answer) return answer.playground
  throw new Error('the job answered something else')
}

import type { CreatePlayground } from '@ramet/model/api/wire.ts'
import { InvalidInput, type Problem } from '@ramet/model/errors/error.ts'
import type { CheckOptions } from '@ramet/model/manifest/check-spec.ts'
import { manifestProblems, type PlaygroundBody, parsePlaygroundBody } from '@ramet/model/manifest/parse-manifest.ts'
import { type CatalogText, type ReadPlayground, readPlayground } from './read-playground.ts'

/** What the reader process is asked. */
export type Job =
  | { readonly kind: 'check'; readonly text: string; readonly fileName: string; readonly options: CheckOptions }
  | { readonly kind: 'body'; readonly body: CreatePlayground; readonly options: CheckOptions }
  | { readonly kind: 'catalog'; readonly text: CatalogText; readonly options: CheckOptions }

/** `refused`: the faults of the input. */
export type JobAnswer =
  | { readonly problems: readonly Problem[] }
  | { readonly body: PlaygroundBody }
  | { readonly playground: ReadPlayground }
  | { readonly refused: readonly Problem[]; readonly status: number }

/** Does one job. Pure, but its time and memory are in the hands of whoever wrote the input. */
export function doJob(job: Job): JobAnswer {
  if (job.kind === 'check') return { problems: manifestProblems(job.text, job.fileName, job.options) }
  try {
    if (job.kind === 'catalog') return { playground: readPlayground(job.text, job.options) }
    return { body: parsePlaygroundBody(job.body, job.options) }
  } catch (error) {
    if (error instanceof InvalidInput) return { refused: error.problems, status: error.status }
    throw error
  }
}

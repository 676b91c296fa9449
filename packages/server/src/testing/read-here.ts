import { manifestProblems, parsePlaygroundBody } from '@ramet/model/manifest/parse-manifest.ts'
import type { ManifestReader } from '../manifests/manifest-reader.ts'
import { readPlayground } from '../manifests/read-playground.ts'

/** Reads manifests in the process of the test. */
export const readHere: ManifestReader = {
  problems: async (_user, text, fileName, options) => manifestProblems(text, fileName, options),
  playground: async (text, options) => readPlayground(text, options),
  body: async (_user, body, options) => parsePlaygroundBody(body, options),
}

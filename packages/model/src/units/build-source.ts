/** A source that is built from a folder with a Dockerfile. Its author writes `build:./web`; once the folder's content is at a server it is called by that. */
export interface BuiltSource {
  /** Of the folder, for people. */
  readonly name: string
  /** Of the content: 64 hex digits of sha256. */
  readonly digest: string
}

const prefix = 'build:'
const namePattern = /^[a-z0-9]([a-z0-9._-]{0,60}[a-z0-9])?$/

export const isBuildSource = (source: string): boolean => source.startsWith(prefix)

/** Parses a build source: a folder that is not sent yet, relative to the manifest, or content that was. Returns why it is neither, as a sentence. */
export function parseBuildSource(source: string): { readonly folder: string } | BuiltSource | { readonly wrong: string } {
  const text = source.slice(prefix.length)
  const [, name, digest] = /^([^/@]+)@sha256:([0-9a-f]{64})$/.exec(text) ?? []
  if (name !== undefined && digest !== undefined && namePattern.test(name)) return { name, digest }
  if (text === '' || /[\0\n]/.test(text)) return { wrong: 'It names no folder.' }
  if (text.includes('@sha256:')) return { wrong: 'The content of a folder is written NAME@sha256: with 64 hex digits.' }
  return { folder: text }
}

export const printBuild = ({ name, digest }: BuiltSource): string => `${prefix}${name}@sha256:${digest}`

/** A folder's own name as it goes into names of images. */
export function buildName(folder: string): string {
  const last =
    folder
      .split('/')
      .filter((part) => part !== '' && part !== '.' && part !== '..')
      .at(-1) ?? ''
  const name = last
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, 62)
  return namePattern.test(name) ? name : 'folder'
}

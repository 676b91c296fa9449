import { isBuildSource } from './build-source.ts'

/** Where an image is in a registry: what `source: oci://…` of a drive says. */
export interface ImageReference {
  /** Host and, where written, port: `ghcr.io`, `127.0.0.1:5000`. Docker Hub is `docker.io`. */
  readonly host: string
  readonly repository: string
  /** `latest` when neither tag nor digest is written; absent when only a digest is. */
  readonly tag?: string
  /** `sha256:` and 64 hex digits. */
  readonly digest?: string
}

/** Grammar of references: distribution/reference of github.com/distribution/distribution, and the OCI distribution specification 1.1. */
const hostPattern =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]{1,5})?$/
const partPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/
const digestPattern = /^sha256:[0-9a-f]{64}$/
const schemes = ['oci://', 'docker://'] as const
const maxRepositoryLength = 255

/** Docker Hub's name in references. */
export const dockerHub = 'docker.io'

/** True for a source that is looked for in a registry; a plain word is the name of an image here. */
export const isImageReference = (source: string): boolean =>
  (!isBuildSource(source) && /[/:@]/.test(source)) || schemes.some((scheme) => source.startsWith(scheme))

/** Parses a reference, or returns why it is none, as a sentence. */
export function parseImageReference(source: string): ImageReference | { readonly wrong: string } {
  const scheme = schemes.find((each) => source.startsWith(each))
  let rest = scheme === undefined ? source : source.slice(scheme.length)
  if (rest.includes('://')) return { wrong: `${quote(source)} begins with a scheme other than oci:// and docker://.` }
  const at = rest.indexOf('@')
  const digest = at < 0 ? undefined : rest.slice(at + 1)
  if (at >= 0) rest = rest.slice(0, at)
  if (digest !== undefined && !digestPattern.test(digest))
    return { wrong: `The digest ${quote(digest)} is not sha256: with 64 hex digits.` }
  // A colon after the last slash begins the tag, unless there is no slash and what follows is the path of a host with a port.
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1)
  const tag = colon < 0 ? undefined : rest.slice(colon + 1)
  if (colon >= 0) rest = rest.slice(0, colon)
  if (tag !== undefined && !tagPattern.test(tag)) return { wrong: `${quote(tag)} is not a tag.` }
  const [first = '', ...others] = rest.split('/')
  const hasHost = others.length > 0 && (/[.:[]/.test(first) || first === 'localhost' || first !== first.toLowerCase())
  const host = hasHost ? canonicalHost(first) : dockerHub
  const parts = hasHost ? others : [first, ...others]
  if (!hostPattern.test(host)) return { wrong: `${quote(first)} is not a host.` }
  const port = /:(\d+)$/.exec(host)?.[1]
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return { wrong: `${quote(first)} has no such port.` }
  const wrong = parts.find((part) => !partPattern.test(part))
  if (wrong !== undefined)
    return {
      wrong: wrong === '' ? `${quote(source)} names no repository.` : `${quote(wrong)} cannot be part of a repository's name.`,
    }
  const repository = host === dockerHub && parts.length === 1 ? `library/${parts[0]}` : parts.join('/')
  if (repository.length > maxRepositoryLength) return { wrong: `The repository's name is longer than ${maxRepositoryLength}.` }
  return {
    host,
    repository,
    ...(tag !== undefined ? { tag } : digest === undefined ? { tag: 'latest' } : {}),
    ...(digest === undefined ? {} : { digest }),
  }
}

/** The one way in which a reference is written here: names of images, keys and messages. */
export function printImageReference({ host, repository, tag, digest }: ImageReference): string {
  return `oci://${host}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

/** A source as images are called here: references in their canonical form, plain names as they are. One in a partition has `+mbr` or `+gpt` behind it. */
export function canonicalSource(source: string): string {
  const [, image, table] = /^(.+)(\+(?:mbr|gpt))$/.exec(source) ?? []
  if (image !== undefined && table !== undefined) return canonicalSource(image) + table
  if (!isImageReference(source)) return source
  const reference = parseImageReference(source)
  return 'wrong' in reference ? source : printImageReference(reference)
}

const canonicalHost = (host: string) => {
  const lower = host.toLowerCase()
  return ['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'].includes(lower) ? dockerHub : lower
}

const quote = (text: string) => JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text)

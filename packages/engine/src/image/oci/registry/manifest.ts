import { imageRefused } from '../image-refused.ts'

/** A manifest or an index, checked (OCI image specification 1.1; Docker's "Image Manifest Version 2, Schema 2"). */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

export type ParsedManifest =
  | {
      readonly kind: 'index'
      readonly manifests: readonly (Descriptor & { readonly os: string; readonly architecture: string })[]
    }
  | { readonly kind: 'image'; readonly config: Descriptor; readonly layers: readonly Descriptor[] }

/** What an image says of itself. */
export interface ImageConfig {
  readonly diffIds: readonly string[]
  readonly environment: readonly string[]
  readonly workingFolder: string
  readonly user: string
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
}

type Json = { readonly [key: string]: unknown }
const layerTypes =
  /^application\/vnd\.(?:oci\.image\.layer\.v1\.tar(?:\+gzip|\+zstd)?|docker\.image\.rootfs\.diff\.tar(?:\.gzip|\.zstd)?)$/

/** Throws `image_refused`. */
export function parseManifest(bytes: Buffer, toldType: string, of: string, mostLayers: number): ParsedManifest {
  const json = parseObject(bytes, `The manifest of ${of}`)
  const mediaType = typeof json.mediaType === 'string' ? json.mediaType : toldType
  if (/\.index\.|manifest\.list/.test(mediaType) || Array.isArray(json.manifests)) {
    const manifests = list(json.manifests, `The index of ${of}`, 1000)
    return {
      kind: 'index',
      manifests: manifests.map((each) => {
        const platform = isObject(each) && isObject(each.platform) ? each.platform : {}
        return {
          ...descriptor(each, `The index of ${of}`),
          os: `${platform.os ?? ''}`,
          architecture: `${platform.architecture ?? ''}`,
        }
      }),
    }
  }
  if (json.schemaVersion !== 2)
    throw imageRefused(`The manifest of ${of} is of another kind than is known here: ${clip(mediaType)}.`)
  const layers = list(json.layers, `The manifest of ${of}`, Number.MAX_SAFE_INTEGER)
  if (layers.length > mostLayers) throw imageRefused(`${of} has ${layers.length} layers, more than ${mostLayers}.`)
  const checked = layers.map((each) => descriptor(each, `The manifest of ${of}`))
  const strange = checked.findIndex((each) => !layerTypes.test(each.mediaType))
  if (strange >= 0)
    throw imageRefused(
      `Layer ${strange + 1} of ${of} is no layer that can be unpacked: ${clip(checked[strange]?.mediaType ?? '')}.`,
    )
  return { kind: 'image', config: descriptor(json.config, `The manifest of ${of}`), layers: checked }
}

/** Throws `image_refused`. */
export function parseConfig(bytes: Buffer, of: string, layers: number): ImageConfig {
  const json = parseObject(bytes, `The configuration of ${of}`)
  const rootfs = isObject(json.rootfs) ? json.rootfs : {}
  const diffIds = list(rootfs.diff_ids, `The configuration of ${of}`, Number.MAX_SAFE_INTEGER)
  if (diffIds.length !== layers || !diffIds.every((each) => typeof each === 'string' && isDigest(each)))
    throw imageRefused(`The configuration of ${of} does not fit its ${layers} layers.`)
  const config = isObject(json.config) ? json.config : {}
  const { Env, WorkingDir, User, Entrypoint, Cmd } = config
  const told = { workingFolder: word(WorkingDir), user: word(User), entrypoint: words(Entrypoint), command: words(Cmd) }
  return { diffIds: diffIds as string[], environment: words(Env), ...told }
}

/** What is only told: bounded, so that it can be kept with each image. */
const mostWords = 1000
const longestWord = 8192
const word = (value: unknown) => (typeof value === 'string' && value.length <= longestWord ? value : '')
const words = (value: unknown) =>
  Array.isArray(value)
    ? value.filter((each): each is string => typeof each === 'string' && each.length <= longestWord).slice(0, mostWords)
    : []

export const isDigest = (text: string) => /^sha256:[0-9a-f]{64}$/.test(text)

function descriptor(value: unknown, where: string): Descriptor {
  const { mediaType, digest, size } = isObject(value) ? value : {}
  if (
    typeof mediaType !== 'string' ||
    typeof digest !== 'string' ||
    !isDigest(digest) ||
    !Number.isSafeInteger(size) ||
    (size as number) < 0
  )
    throw imageRefused(`${where} names something without a size or a digest of sha256.`)
  return { mediaType, digest, size: size as number }
}

function parseObject(bytes: Buffer, what: string): Json {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch {
    value = undefined
  }
  if (!isObject(value)) throw imageRefused(`${what} is no JSON object.`)
  return value
}

function list(value: unknown, what: string, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) throw imageRefused(`${what} lacks a list, or it is too long.`)
  return value
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const clip = (text: string) => JSON.stringify(text.slice(0, 120))

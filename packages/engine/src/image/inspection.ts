import type { ImageDetails } from '@ramet/model/api/host.ts'
import type { Facts } from './cache/record.ts'

/** What a build itself tells: the part of `ImageDetails` that does not depend on who uses it. */
export type ImageInspection = Pick<ImageDetails, 'sizeBytes' | 'layers' | 'config' | 'init'>

/** Reads what `registry-image.ts` noted; builds of before it did so, and those made here, have less. Pure. */
export function inspectionOf(facts: Facts): ImageInspection {
  const bytes = words(facts.layerBytes)
  const layers = words(facts.layers).map((digest, at) => ({
    digest,
    ...(bytes[at] === undefined ? {} : { bytes: Number(bytes[at]) }),
  }))
  const config = {
    user: word(facts.user),
    workingFolder: word(facts.workingFolder),
    environment: words(facts.environment),
    entrypoint: words(facts.entrypoint),
    command: words(facts.command),
  }
  const sizeBytes = Number(facts.sizeBytes)
  return {
    layers,
    ...(Number.isFinite(sizeBytes) ? { sizeBytes } : {}),
    ...(facts.environment === undefined ? {} : { config }),
    ...(typeof facts.init === 'string' ? { init: facts.init } : {}),
  }
}

const word = (value: Facts[string] | undefined) => (typeof value === 'string' ? value : '')
const words = (value: Facts[string] | undefined) => (Array.isArray(value) ? (value as readonly string[]).map(String) : [])

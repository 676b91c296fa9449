import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type ImageReference, parseImageReference, printImageReference } from '@ramet/model/units/image-reference.ts'
import { writeFileAtomically } from '../../disk/files.ts'
import { isDigest } from './registry/manifest.ts'

/** What a tag stood for when it was first asked for, or last pulled: a file each, `oci-pins/<hash of the reference>.json`. */
export interface Pin {
  /** In its canonical form. */
  readonly reference: string
  readonly digest: string
  readonly pinnedAt: string
}

const kind = 'oci-pins'
const fileOf = (cacheFolder: string, reference: string) =>
  join(cacheFolder, kind, `${createHash('sha256').update(reference).digest('hex').slice(0, 32)}.json`)

/** The digest that is written, else the pinned one. */
export async function pinnedDigest(cacheFolder: string, reference: ImageReference): Promise<string | undefined> {
  return reference.digest ?? (await readPin(fileOf(cacheFolder, printImageReference(reference))))?.digest
}

export async function setPin(cacheFolder: string, reference: ImageReference, digest: string): Promise<void> {
  const name = printImageReference(reference)
  if ((await readPin(fileOf(cacheFolder, name)))?.digest === digest) return
  await mkdir(join(cacheFolder, kind), { recursive: true })
  const pin: Pin = { reference: name, digest, pinnedAt: new Date().toISOString() }
  await writeFileAtomically(fileOf(cacheFolder, name), `${JSON.stringify(pin)}\n`)
}

export async function removePin(cacheFolder: string, reference: ImageReference): Promise<void> {
  await rm(fileOf(cacheFolder, printImageReference(reference)), { force: true })
}

export async function listPins(cacheFolder: string): Promise<Pin[]> {
  const names = await readdir(join(cacheFolder, kind)).catch(() => [])
  const pins: Pin[] = []
  for (const name of names.filter((each) => each.endsWith('.json')).toSorted()) {
    const pin = await readPin(join(cacheFolder, kind, name))
    if (pin) pins.push(pin)
  }
  return pins
}

async function readPin(file: string): Promise<Pin | undefined> {
  try {
    const { reference, digest, pinnedAt } = JSON.parse(await readFile(file, 'utf8')) as Pin
    return isDigest(digest) && !('wrong' in parseImageReference(reference)) ? { reference, digest, pinnedAt } : undefined
  } catch {
    return undefined
  }
}

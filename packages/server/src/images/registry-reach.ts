import { setTimeout as delay } from 'node:timers/promises'
import type { HostImages } from '@ramet/engine'
import type { Playground } from '@ramet/model/api/wire.ts'
import type { ManifestSpec } from '@ramet/model/manifest/manifest.ts'

/** Looked at again after this long. */
const freshMs = 60_000
/** What a list waits for a registry that was never asked before. */
const firstMs = 1500

/** Which registries are within reach. Lists of playgrounds ask for it, so it is remembered, and asked anew in the background. */
export class RegistryReach {
  readonly #images: Pick<HostImages, 'awaitedFrom' | 'reaches'>
  readonly #known = new Map<string, Known>()

  constructor(images: Pick<HostImages, 'awaitedFrom' | 'reaches'>) {
    this.#images = images
  }

  /** Registries that the images of a spec have yet to come from. One that has not answered so far counts as out of reach. */
  async of({ machines }: Pick<ManifestSpec, 'machines'>): Promise<NonNullable<Playground['registries']>> {
    const sources = machines.flatMap(({ drives }) => drives.flatMap(({ source }) => source ?? []))
    const hosts = new Set(sources.flatMap((source) => this.#images.awaitedFrom(source) ?? []))
    return Promise.all([...hosts].toSorted().map(async (host) => ({ host, isReachable: await this.#isReachable(host) })))
  }

  async #isReachable(host: string): Promise<boolean> {
    const known = this.#known.get(host) ?? this.#ask(host, undefined)
    if (Date.now() - known.askedAt > freshMs) this.#ask(host, known)
    await known.first
    return this.#known.get(host)?.isReachable ?? false
  }

  #ask(host: string, before: Known | undefined): Known {
    const answer = this.#images.reaches(host)
    const asked: Known = {
      isReachable: before?.isReachable ?? false,
      askedAt: Date.now(),
      first: before?.first ?? Promise.race([answer, delay(firstMs, undefined, { ref: false })]),
    }
    void answer.then((isReachable) => {
      asked.isReachable = isReachable
    })
    this.#known.set(host, asked)
    return asked
  }
}

interface Known {
  isReachable: boolean
  readonly askedAt: number
  /** Over when the first answer is there, or was waited for long enough. */
  readonly first: Promise<unknown>
}

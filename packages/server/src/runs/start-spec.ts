import { describeOverrides } from '@ramet/model/api/start-overrides.ts'
import type { ManifestSpec } from '@ramet/model/manifest/manifest.ts'
import type { RegistryAuth } from '@ramet/model/manifest/registry-auth.ts'
import { tweakSpec } from '@ramet/model/manifest/tweak-spec.ts'
import type { ManifestReader } from '../manifests/manifest-reader.ts'
import { flexibleBase, specOf } from '../playgrounds/bases.ts'
import type { RegistryAuths } from '../playgrounds/registry-auths.ts'
import type { StartRequest, User } from '../services.ts'
import type { PlaygroundRow } from '../store/schema.ts'

export interface StartSpecTools {
  /** Reads what is given anew: it comes from strangers as a manifest does. */
  readonly reader: ManifestReader
  readonly images: () => readonly string[]
  /** Fixes what references to registries stand for. */
  readonly pinSources: (spec: ManifestSpec, auth: RegistryAuth | undefined) => Promise<void>
  readonly registryAuths: Pick<RegistryAuths, 'find'>
}

export interface StartSpec {
  readonly spec: ManifestSpec
  /** What was asked for otherwise, as phrases. */
  readonly changes: readonly string[]
}

/**
 * What a run is made from: its playground, with what the start gives anew and changes. Parts that are given replace the playground's, and its machines are the only ones that there
 * are, unless it is the one that takes any. Throws InvalidInput with all that does not go with the playground.
 */
export async function startSpec(
  tools: StartSpecTools,
  user: User,
  playground: PlaygroundRow,
  { overrides, tweaks }: Pick<StartRequest, 'overrides' | 'tweaks'>,
): Promise<StartSpec> {
  const own = specOf(playground)
  let spec: ManifestSpec = own
  const changes: string[] = []
  if (overrides) {
    const base = { name: playground.name, spec: own, takesAnyMachine: playground.name === flexibleBase }
    const body = { ...overrides, name: playground.name, base: playground.name }
    const read = await tools.reader.body(user, body, { images: tools.images(), bases: [base] })
    await tools.pinSources(read.spec, await tools.registryAuths.find(playground.id))
    // What a start cannot give anew stays the playground's.
    const { registryAuth, portForwards, accessControl, access } = own
    spec = {
      ...read.spec,
      registryAuth,
      accessControl,
      access,
      portForwards: portForwards.filter(({ machine }) => has(read.spec, machine)),
    }
    changes.push(...describeOverrides(overrides))
  }
  if (!tweaks) return { spec, changes }
  const tweaked = tweakSpec(spec, tweaks)
  return { spec: tweaked.spec, changes: [...changes, ...tweaked.changes] }
}

const has = ({ machines }: ManifestSpec, name: string) => machines.some((machine) => machine.name === name)

import type { Playground } from '../api/wire.ts'
import type { ManifestSpec } from '../manifest/manifest.ts'
import { parseBytes } from '../units/bytes.ts'
import { defaults } from './defaults.ts'

/** Bytes of memory of all its machines together, as its manifest asks for them. */
export const memoryNeeded = ({ machines }: Pick<ManifestSpec, 'machines'>): number =>
  machines.reduce((sum, { resources }) => sum + (parseBytes(resources?.ramSize ?? defaults.ramSize) ?? 0), 0)

/** Hosts of registries out of reach without which it cannot start. */
export const outOfReach = ({ registries = [] }: Pick<Playground, 'registries'>): string[] =>
  registries.filter(({ isReachable }) => !isReachable).map(({ host }) => host)

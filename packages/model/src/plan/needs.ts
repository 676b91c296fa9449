import type { Playground } from '../api/wire.ts'
import type { ManifestMachine } from '../manifest/manifest.ts'
import { parseBytes } from '../units/bytes.ts'
import { defaults } from './defaults.ts'

/** Bytes of memory of all its machines together, as its manifest asks for them. */
export const memoryNeeded = ({ machines }: { readonly machines: readonly Pick<ManifestMachine, 'resources'>[] }): number =>
  machines.reduce((sum, { resources }) => sum + (parseBytes(resources?.ramSize ?? defaults.ramSize) ?? 0), 0)

/** Hosts of registries out of reach without which it cannot start. */
export const outOfReach = ({ registries = [] }: Pick<Playground, 'registries'>): string[] =>
  registries.filter(({ isReachable }) => !isReachable).map(({ host }) => host)

type Comparable = Pick<Playground, 'owner' | 'title' | 'machines' | 'registries'>

/**
 * Order of a catalogue: what one can start with first. The platform's before people's own, which stay in the order given; what needs no registry; then the fewest machines, the
 * least memory, the title.
 */
export function simplestFirst(a: Comparable, b: Comparable): number {
  const isOwn = ({ owner }: Comparable) => Number(owner !== '')
  if (isOwn(a) || isOwn(b)) return isOwn(a) - isOwn(b)
  const needsRegistry = ({ registries = [] }: Comparable) => Number(registries.length > 0)
  return (
    needsRegistry(a) - needsRegistry(b) ||
    a.machines.length - b.machines.length ||
    memoryNeeded(a) - memoryNeeded(b) ||
    (a.title < b.title ? -1 : 1)
  )
}

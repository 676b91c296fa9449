import { closest } from '../errors/closest.ts'
import { InvalidInput } from '../errors/error.ts'
import { type Fault, fault, type Locate, type Path, toProblems } from '../errors/fault.ts'
import { type Base, inherit } from './inherit.ts'
import { type ManifestSpec, manifestSpecSchema } from './manifest.ts'
import { ruleFaults } from './manifest-rules.ts'
import { copyBounded, renameSpellings } from './plain-document.ts'
import { shape } from './shape.ts'
import { unsupportedFaults } from './unsupported.ts'

export interface CheckOptions {
  /** Names that a drive's source may have. Absent: not checked. */
  readonly images?: readonly string[]
  /** Playgrounds that others may be made from. Absent: a base is not looked up, and what is left out is taken to come from it. */
  readonly bases?: readonly Base[]
  /** The base when the manifest names none, as after `create -b`. */
  readonly base?: string
  /** Nothing may be left to a base: for the catalogue's own manifests. */
  readonly complete?: boolean
}

/** Checks an inner part (networks, machines, tabs…) by itself. Throws InvalidInput with every fault; `locate` says where they are. */
export function checkSpec(value: unknown, locate: Locate, options: CheckOptions = {}): ManifestSpec {
  const { value: copy, faults } = copyBounded(value)
  const renamed = renameSpellings(copy, [])
  const shaped = shape(manifestSpecSchema, copy ?? {})
  const checked = shaped.value && specFaults(shaped.value, undefined, [], [], options)
  refuseFaults([...faults, ...renamed, ...shaped.faults, ...(checked?.faults ?? [])], locate)
  return checked?.spec as ManifestSpec
}

/**
 * The rules across fields, after what the base has was filled in. `specPath` and `basePath`: where the spec and the base's name stand in the document.
 * The spec that comes back has everything but defaults.
 */
export function specFaults(
  written: ManifestSpec,
  baseName: string | undefined,
  specPath: Path,
  basePath: Path,
  options: CheckOptions,
) {
  const name = baseName ?? options.base
  const base = options.bases?.find((candidate) => candidate.name === name)
  const faults: Fault[] = []
  if (name !== undefined && options.bases && !base) faults.push(unknownBase(name, basePath, options.bases))
  const strange = base ? strangers(written, base) : []
  faults.push(...strange.map((one) => ({ ...one, path: [...specPath, ...one.path] })))
  const spec = base ? inherit(written, base) : written
  const partial = !base && !options.complete
  // A machine that should not be there is not also told what it lacks.
  const isStrange = ({ path }: Fault) => path[0] === 'machines' && strange.some((one) => one.path[1] === path[1])
  const found = [...ruleFaults(spec, { partial }), ...unsupportedFaults(spec, options.images)].filter((one) => !isStrange(one))
  faults.push(...found.map((one) => ({ ...one, path: [...specPath, ...one.path] })))
  return { spec, faults }
}

/** Throws InvalidInput when there is any fault. */
export function refuseFaults(faults: readonly Fault[], locate: Locate): void {
  if (faults.length > 0) throw new InvalidInput(400, toProblems(faults, locate))
}

function unknownBase(name: string, path: Path, bases: readonly Base[]): Fault {
  const names = bases.map((base) => base.name)
  const near = closest(name, names)
  return fault(
    'unknown_base',
    path,
    `There is no playground ${name} to begin from.`,
    `${near === undefined ? '' : `Did you mean ${near}? `}There are: ${names.join(', ')}.`,
  )
}

function strangers(spec: ManifestSpec, base: Base): Fault[] {
  if (base.takesAnyMachine) return []
  const names = base.spec.machines.map(({ name }) => name)
  return spec.machines.flatMap(({ name }, index) =>
    names.includes(name)
      ? []
      : [
          fault(
            'unknown_machine',
            ['machines', index, 'name'],
            `The base ${base.name} has no machine ${name}.`,
            `It has: ${names.join(', ')}. The base \`flexbox\` takes machines of any name.`,
          ),
        ],
  )
}

import { closest } from '../errors/closest.ts'
import { InvalidInput, type Problem } from '../errors/error.ts'
import { type Fault, fault, type Locate, type Path, toProblems, warning } from '../errors/fault.ts'
import { type Base, inherit } from './inherit.ts'
import { type ManifestSpec, manifestSpecSchema } from './manifest.ts'
import { ruleFaults } from './manifest-rules.ts'
import { copyBounded, renameSpellings } from './plain-document.ts'
import { shape } from './shape.ts'
import { startupFileFaults } from './startup-file-rules.ts'
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
  /** Refuses what is only warned of. */
  readonly strict?: boolean
  /** Startup files may name files beside the manifest. */
  readonly filesBeside?: boolean
}

/** Checks an inner part (networks, machines, tabs…) by itself. Throws InvalidInput with every fault; `locate` says where they are. */
export function checkSpec(value: unknown, locate: Locate, options: CheckOptions = {}): ManifestSpec {
  const { value: copy, faults } = copyBounded(value)
  const renamed = renameSpellings(copy, [])
  const shaped = shape(manifestSpecSchema, copy ?? {})
  const checked = shaped.value && specFaults(shaped.value, undefined, [], [], options)
  refuseFaults([...faults, ...renamed, ...shaped.faults, ...(checked?.faults ?? [])], locate, options)
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
  const named = options.bases?.find((candidate) => candidate.name === name)
  const faults: Fault[] = []
  const strange = named ? strangers(written, named) : []
  // One that describes its machines in full needs no base: it takes the place of one that is not here, and of one that has not its machines.
  const any = isPartial(written) ? undefined : options.bases?.find(({ takesAnyMachine }) => takesAnyMachine)
  const base = strange.length > 0 && any ? undefined : named
  const stand = base || isPartial(written) ? undefined : named ? any : standIn(name, written, options.bases ?? [])
  if (name !== undefined && options.bases && !named) faults.push(unknownBase(name, basePath, options.bases, stand))
  const told = named && stand ? strange.slice(0, 1).map((one) => otherBase(one, named, stand)) : strange
  faults.push(...told.map((one) => ({ ...one, path: [...specPath, ...one.path] })))
  const spec = base ? inherit(written, base) : written
  const partial = !base && !stand && !options.complete
  // A machine that should not be there is not also told what it lacks.
  const isStrange = ({ path }: Fault) => base && path[0] === 'machines' && strange.some((one) => one.path[1] === path[1])
  const found = [
    ...ruleFaults(spec, { partial }),
    ...startupFileFaults(spec, options.filesBeside ?? false),
    ...unsupportedFaults(spec, options.images),
  ].filter((one) => !isStrange(one))
  faults.push(...found.map((one) => ({ ...one, path: [...specPath, ...one.path] })))
  return { spec, base: base?.name ?? stand?.name ?? name, faults }
}

/** Returns the warnings. Throws InvalidInput with everything when there is an error, and with `strict` for a warning too. */
export function refuseFaults(faults: readonly Fault[], locate: Locate, { strict = false }: CheckOptions = {}): Problem[] {
  const counted = strict ? faults.map(({ isWarning: _, ...one }): Fault => one) : faults
  const problems = toProblems(counted, locate)
  if (counted.some(({ isWarning }) => !isWarning)) throw new InvalidInput(400, problems)
  return problems
}

/** Something of its machines is left to a base. */
const isPartial = ({ machines }: ManifestSpec): boolean =>
  machines.length === 0 ||
  machines.some(({ drives }) => !drives.some(({ mount, source }) => mount === '/' && source !== undefined))

/** The base that a manifest in full is filed under when its own is not here, or none is named: the one of the nearest name that has such machines, else one that takes any. */
function standIn(name: string | undefined, spec: ManifestSpec, bases: readonly Base[]): Base | undefined {
  const fitting = bases.filter((base) => strangers(spec, base).length === 0)
  const near =
    name === undefined
      ? undefined
      : closest(
          name,
          fitting.map((base) => base.name),
        )
  return fitting.find((base) => base.name === near) ?? fitting.find(({ takesAnyMachine }) => takesAnyMachine)
}

function unknownBase(name: string, path: Path, bases: readonly Base[], stand: Base | undefined): Fault {
  const names = bases.map((base) => base.name)
  const near = closest(name, names)
  if (stand) {
    return warning(
      'unknown_base',
      path,
      `There is no playground ${name} to begin from; ${stand.name} takes its place, since the machines are described in full.`,
      `Write \`base: ${stand.name}\`, or leave it out.`,
    )
  }
  return fault(
    'unknown_base',
    path,
    `There is no playground ${name} to begin from.`,
    `${near === undefined ? '' : `Did you mean ${near}? `}There are: ${names.join(', ')}.`,
  )
}

const otherBase = (stranger: Fault, named: Base, stand: Base): Fault => ({
  ...stranger,
  isWarning: true,
  message: `${stranger.message.slice(0, -1)}; ${stand.name} takes its place, since the machines are described in full.`,
  hint: `Write \`base: ${stand.name}\`, or use machines of ${named.name}: ${named.spec.machines.map(({ name }) => name).join(', ')}.`,
})

function strangers(spec: ManifestSpec, base: Base): Fault[] {
  if (base.takesAnyMachine) return []
  const names = base.spec.machines.map(({ name }) => name)
  return spec.machines.flatMap(({ name }, index) => {
    if (names.includes(name)) return []
    const near = closest(name, names)
    const meant = near === undefined ? '' : `Did you mean ${near}? `
    const hint = `${meant}It has: ${names.join(', ')}. The base \`flexbox\` takes machines of any name.`
    return [fault('unknown_machine', ['machines', index, 'name'], `The playground ${base.name} has no machine ${name}.`, hint)]
  })
}

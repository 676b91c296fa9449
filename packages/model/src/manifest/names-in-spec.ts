import { closest } from '../errors/closest.ts'
import { type Fault, fault, type Path } from '../errors/fault.ts'
import type { ManifestSpec } from './manifest.ts'

/** Each item whose name an earlier one has. */
export function duplicates(what: string, items: readonly { readonly name: string }[], path: Path): Fault[] {
  return items.flatMap(({ name }, index) =>
    items.findIndex((other) => other.name === name) < index
      ? [
          fault(
            'duplicate_name',
            [...path, index, 'name'],
            `There is already a ${what} named ${name}.`,
            `Give each ${what} a name of its own.`,
          ),
        ]
      : [],
  )
}

/** A reference to a machine that the spec does not have; with `partial` its base may have it. */
export function knownMachine(spec: ManifestSpec, name: string | undefined, path: Path, partial: boolean): Fault[] {
  const names = spec.machines.map((machine) => machine.name)
  if (name === undefined || names.includes(name) || (partial && names.length === 0)) return []
  const near = closest(name, names)
  return [
    fault(
      'unknown_machine',
      path,
      `There is no machine ${name}.`,
      `${near === undefined ? '' : `Did you mean ${near}? `}There are: ${names.join(', ')}.`,
    ),
  ]
}

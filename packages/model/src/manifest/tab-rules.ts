import { type Fault, fault } from '../errors/fault.ts'
import type { ManifestSpec } from './manifest.ts'
import { knownMachine } from './names-in-spec.ts'

export function tabFaults(spec: ManifestSpec, partial: boolean): Fault[] {
  return spec.tabs.flatMap((tab, index) => {
    const path = ['tabs', index]
    const kind = tab.kind ?? 'terminal'
    const faults = knownMachine(spec, tab.machine, [...path, 'machine'], partial)
    const missing = (field: string, hint: string) =>
      faults.push(fault('missing_field', [...path, field], `A tab of kind ${kind} needs a \`${field}\`.`, hint, 'missing'))
    if ((kind === 'http-port' || kind === 'web-page') && tab.name === undefined) missing('name', 'It is shown on the tab.')
    if (kind === 'http-port' && tab.number === undefined) missing('number', 'The port inside the machine, such as 80.')
    if (kind === 'web-page' && tab.url === undefined) missing('url', 'Such as https://www.kernel.org/doc/.')
    if (tab.id !== undefined && spec.tabs.findIndex((other) => other.id === tab.id) < index) {
      faults.push(fault('duplicate_name', [...path, 'id'], `There is already a tab with the id ${tab.id}.`, 'Leave `id` out.'))
    }
    return faults
  })
}

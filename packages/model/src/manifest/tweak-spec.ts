import { z } from 'zod'
import { closest } from '../errors/closest.ts'
import { InvalidInput } from '../errors/error.ts'
import { type Fault, fault, locateByField, type Path, toProblems } from '../errors/fault.ts'
import { defaultNetwork, interfacesOf } from '../plan/addresses.ts'
import { tabsOn } from '../plan/tabs.ts'
import { bytesSchema } from '../units/bytes.ts'
import { dnsLabelSchema } from '../units/names.ts'
import { wordSchema } from '../units/plain-text.ts'
import { tasksOn } from './inherit.ts'
import { limits, type ManifestMachine, type ManifestSpec } from './manifest.ts'
import { ruleFaults } from './manifest-rules.ts'

/** Small changes of a playground for one run, by the names of its machines. Ramet's own; labctl sends whole parts of a manifest (start-overrides.ts). */
export const tweaksSchema = z.strictObject({
  /** Machines to leave out, with their tabs and tasks, and the tasks that need those. */
  without: z.array(dnsLabelSchema).max(limits.machines).optional(),
  machines: z
    .record(
      dnsLabelSchema,
      z.strictObject({
        cpuCount: z.number().int().min(1).max(limits.cpuCount).optional(),
        ramSize: bytesSchema.optional(),
        /** Sizes by mount point; `/` is the root drive. */
        drives: z.record(wordSchema(200), bytesSchema).optional(),
        /** Addresses by network. */
        addresses: z.record(dnsLabelSchema, wordSchema(50)).optional(),
      }),
    )
    .optional(),
})
export type Tweaks = z.infer<typeof tweaksSchema>

/** Returns the spec with the changes, and each as a phrase for people. Throws InvalidInput with all that do not go with the playground. */
export function tweakSpec(
  given: ManifestSpec,
  tweaks: Tweaks,
): { readonly spec: ManifestSpec; readonly changes: readonly string[] } {
  const faults: Fault[] = []
  const changes: string[] = []
  let spec = given
  const names = given.machines.map(({ name }) => name)
  for (const [index, name] of (tweaks.without ?? []).entries()) {
    if (!names.includes(name)) faults.push(unknown('machine', name, names, ['tweaks', 'without', index]))
    else if (spec.machines.some((machine) => machine.name === name)) spec = leftOut(spec, name, changes)
  }
  for (const [name, wanted] of Object.entries(tweaks.machines ?? {})) {
    const path = ['tweaks', 'machines', name]
    const machine = spec.machines.find((each) => each.name === name)
    if (machine) spec = withMachine(spec, tweaked(machine, wanted, spec, path, faults, changes))
    else if (!names.includes(name)) faults.push(unknown('machine', name, names, path))
    else faults.push(fault('unknown_machine', path, `The machine ${name} is left out and changed.`, 'Do one of the two.'))
  }
  if (faults.length === 0) faults.push(...ruleFaults(spec).filter(({ isWarning }) => !isWarning))
  if (faults.length > 0) throw new InvalidInput(400, toProblems(faults, locateByField))
  return { spec, changes }
}

function leftOut(spec: ManifestSpec, name: string, changes: string[]): ManifestSpec {
  const machines = spec.machines.filter((machine) => machine.name !== name)
  const left = new Set(machines.map((machine) => machine.name))
  // Those that name none are on the first machine, which may be this one.
  const first = spec.machines[0]?.name
  const placed = Object.fromEntries(
    Object.entries(spec.initTasks ?? {}).map(([task, what]) => [task, { ...what, machine: what.machine ?? first }]),
  )
  const initTasks = tasksOn(placed, left)
  const gone = Object.keys(placed).filter((task) => !Object.hasOwn(initTasks ?? {}, task))
  changes.push(gone.length === 0 ? `without ${name}` : `without ${name} and the tasks ${gone.join(', ')}`)
  return {
    ...spec,
    machines,
    initTasks,
    tabs: tabsOn(
      spec.tabs.map((tab) => ({ ...tab, machine: tab.machine ?? first })),
      left,
    ),
    portForwards: spec.portForwards.filter(({ machine }) => left.has(machine)),
  }
}

const withMachine = (spec: ManifestSpec, changed: ManifestMachine): ManifestSpec => ({
  ...spec,
  machines: spec.machines.map((machine) => (machine.name === changed.name ? changed : machine)),
})

type Wanted = NonNullable<Tweaks['machines']>[string]

function tweaked(
  machine: ManifestMachine,
  { cpuCount, ramSize, drives = {}, addresses = {} }: Wanted,
  spec: ManifestSpec,
  path: Path,
  faults: Fault[],
  changes: string[],
): ManifestMachine {
  const { name } = machine
  const made = { ...machine, drives: [...machine.drives] }
  if (cpuCount !== undefined) changes.push(`${name} with ${cpuCount} CPU${cpuCount === 1 ? '' : 's'}`)
  if (ramSize !== undefined) changes.push(`${name} with ${ramSize} of memory`)
  if (cpuCount !== undefined || ramSize !== undefined)
    made.resources = { cpuCount: cpuCount ?? machine.resources?.cpuCount, ramSize: ramSize ?? machine.resources?.ramSize }
  for (const [mount, size] of Object.entries(drives)) {
    const at = machine.drives.findIndex((drive) => drive.mount === mount)
    const mounts = machine.drives.flatMap((drive) => drive.mount ?? [])
    if (at < 0) faults.push(unknown(`drive of ${name} at`, mount, mounts, [...path, 'drives', mount]))
    else {
      made.drives[at] = { ...made.drives[at], size } as ManifestMachine['drives'][number]
      changes.push(`${name} with ${size} at ${mount}`)
    }
  }
  const interfaces = interfacesOf(machine, spec.networks[0]?.name ?? defaultNetwork.name).map((each) => ({ ...each }))
  for (const [network, address] of Object.entries(addresses)) {
    const found = interfaces.find((each) => each.network === network)
    if (!found) {
      const on = interfaces.map((each) => each.network)
      faults.push(unknown(`interface of ${name} on the network`, network, on, [...path, 'addresses', network]))
    } else if (!isAddress(address)) {
      const hint = 'Such as 10.10.0.50'
      faults.push(fault('invalid_value', [...path, 'addresses', network], `${JSON.stringify(address)} is no IPv4 address.`, hint))
    } else {
      found.address = address
      changes.push(`${name} at ${address} on ${network}`)
      made.network = { interfaces }
    }
  }
  return made
}

const isAddress = (text: string) => z.ipv4().safeParse(text.split('/')[0]).success && /^[\d.]+(\/\d{1,2})?$/.test(text)

function unknown(what: string, name: string, names: readonly string[], path: Path): Fault {
  const near = closest(name, names)
  const hint = `${near === undefined ? '' : `Did you mean ${near}? `}There are: ${names.join(', ')}.`
  return fault(what === 'machine' ? 'unknown_machine' : 'invalid_value', path, `There is no ${what} ${name}.`, hint)
}

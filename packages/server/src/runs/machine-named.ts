import { unknownMachine } from '@ramet/model/errors/errors.ts'

/** The machine of this name; empty: the first. Throws `unknown_machine`. */
export function machineNamed(machines: readonly { readonly name: string }[], name: string): string {
  const found = name === '' ? machines[0] : machines.find((machine) => machine.name === name)
  if (found) return found.name
  throw unknownMachine(
    name,
    machines.map((machine) => machine.name),
  )
}

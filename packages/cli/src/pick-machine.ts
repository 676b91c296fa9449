import type { Play, PlayMachine } from '@ramet/model/api/wire.ts'
import { unknownMachine } from '@ramet/model/errors/errors.ts'

/** The machine of that name; without a name the first of the manifest. Throws `unknown_machine`. */
export function pickMachine(play: Play, name: string | undefined): PlayMachine {
  const machine = name === undefined ? play.machines[0] : play.machines.find((each) => each.name === name)
  if (machine) return machine
  throw unknownMachine(
    name ?? '',
    play.machines.map((each) => each.name),
  )
}

import type { Play } from '@ramet/model/api/wire.ts'
import { invalidInput } from '@ramet/model/errors/errors.ts'
import { pickRun } from '@ramet/model/run/pick-run.ts'
import { runIdSchema, userNameSchema } from '@ramet/model/units/names.ts'
import { machineNamed } from '../runs/machine-named.ts'
import type { Runs, User } from '../services.ts'

/** Where a login name leads. `account` undefined: the machine's default user. */
export interface Destination {
  readonly runId: string
  readonly machine: string
  readonly account: string | undefined
}

/** Resolves `RUN`, `RUN+MACHINE` or `RUN+MACHINE+USER`; RUN is an id, the beginning of one, or a title. Throws `not_found`, `ambiguous_name`, `unknown_machine`, `invalid_input`. */
export async function destinationOf(runs: Pick<Runs, 'get' | 'list'>, user: User, loginName: string): Promise<Destination> {
  const [run = '', machine = '', account = '', ...rest] = loginName.split('+')
  if (rest.length > 0 || (account !== '' && !userNameSchema.safeParse(account).success))
    throw invalidInput('A login name is RUN, RUN+MACHINE or RUN+MACHINE+USER.', 'user')
  const play = runIdSchema.safeParse(run).success ? await runs.get(user, run) : pickRun(await runs.list(user, {}), run)
  return { ...inRun(play, machine), account: account || undefined }
}

/** Resolves a machine of a run; empty: its first. */
export function inRun(play: Play, machine: string): Omit<Destination, 'account'> {
  return { runId: play.id, machine: machineNamed(play.machines, machine) }
}

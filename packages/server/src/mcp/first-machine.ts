import { unknownMachine } from '@ramet/model/errors/errors.ts'
import type { Call } from './tool.ts'

/** Name of the first machine of a run. Throws `not_found`. */
export async function firstMachineOf({ services, user }: Pick<Call, 'services' | 'user'>, id: string): Promise<string> {
  const [first] = (await services.runs.get(user, id)).machines
  if (!first) throw unknownMachine('', [])
  return first.name
}

import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { HostPorts } from '../ports/host-ports/host-ports.ts'
import type { Machines, Users } from '../services.ts'
import type { Db } from '../store/database.ts'

export interface HostPortsParts {
  readonly config: Pick<Config, 'limits'>
  readonly db: Db
  readonly machines: Machines
  readonly log: Logger
}

/** Ports of the host that lead to runs; `opened` closes them. `users` is what it was, and shuts at once what leads to runs of somebody who is let in no more. */
export function openHostPorts({ config, db, machines, log }: HostPortsParts, users: Users, opened: AsyncDisposableStack) {
  const hostPorts = opened.use(new HostPorts({ db, machines, limits: config.limits, log }))
  const watched: Users = {
    ...users,
    async change(by, name, to) {
      const account = await users.change(by, name, to)
      await hostPorts.look()
      return account
    },
  }
  return { hostPorts, users: watched }
}

import { setTimeout as delay } from 'node:timers/promises'
import type { HostMachines, MachineName } from '@ramet/engine'
import { noWayIn, unknownMachine } from '@ramet/model/errors/errors.ts'
import type { Action } from '@ramet/model/run/run-state.ts'
import type { Machines, User } from '../services.ts'
import { mustAllow } from './allowed.ts'
import type { PermittedRun } from './permitted-run.ts'

export interface MachineServiceTools {
  readonly permitted: PermittedRun
  readonly host: HostMachines
  /** Resolves when this server has looked for the run's machines. */
  looked(runId: string): Promise<void>
  /** How long a request waits for a server that has just started to find its machines again. */
  readonly lookWithinMs?: number
}

/** Access to a run's machines, for people. Each call goes through `find`, which checks the user's permission and whether the machine lets anybody in. */
export function machineService({ permitted, host, looked, lookWithinMs = 20_000 }: MachineServiceTools): Machines {
  async function find(
    user: User,
    id: string,
    name: string,
    action: Action,
  ): Promise<{ machine: MachineName; defaultUser: string }> {
    const row = await permitted(user, 'run.enter', id)
    const { machines } = row.plan
    const planned = machines.find((machine) => machine.name === name)
    if (!planned)
      throw unknownMachine(
        name,
        machines.map((machine) => machine.name),
      )
    mustAllow(action, row)
    if (planned.noSSH) throw noWayIn(name)
    await atMost(lookWithinMs, looked(id))
    return {
      machine: { runId: id, machine: name },
      defaultUser: planned.users.find((candidate) => candidate.default)?.name ?? 'root',
    }
  }

  return {
    async exec(user, id, name, command, options) {
      const { machine, defaultUser } = await find(user, id, name, 'open_terminal')
      return host.exec(machine, command, { ...options, user: options.user || defaultUser })
    },
    async terminal(user, id, name, session, options) {
      const { machine, defaultUser } = await find(user, id, name, 'open_terminal')
      return host.terminal(machine, session, { ...options, user: options.user || defaultUser })
    },
    async console(user, id, name) {
      const { machine } = await find(user, id, name, 'open_console')
      return host.console(machine)
    },
    async dial(user, id, name, port) {
      const { machine } = await find(user, id, name, 'open_terminal')
      return host.dial(machine, port)
    },
    async datagrams(user, id, name, port) {
      const { machine } = await find(user, id, name, 'open_terminal')
      return host.datagrams(machine, port)
    },
  }
}

/** Waits for a promise, but no longer than that. */
async function atMost(ms: number, promise: Promise<void>): Promise<void> {
  const over = new AbortController()
  try {
    await Promise.race([promise, delay(ms, undefined, { signal: over.signal, ref: false })])
  } finally {
    over.abort()
  }
}

import type { HostMachines, MachineName } from '@ramet/engine'
import { RametError } from '@ramet/model/errors/error.ts'
import { actionRefused, unknownMachine } from '@ramet/model/errors/errors.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { type Action, refusal } from '@ramet/model/run/run-state.ts'
import type { Machines, User } from '../services.ts'
import type { RunRow } from '../store/schema.ts'

/** Ways into a run's machines. The owner is checked each time: `own` throws for everyone else. */
export function machineService(own: (user: User, id: string) => Promise<RunRow>, host: HostMachines): Machines {
  async function find(
    user: User,
    id: string,
    name: string,
    action: Action,
  ): Promise<{ machine: MachineName; defaultUser: string }> {
    const row = await own(user, id)
    const { machines } = JSON.parse(row.plan) as RunPlan
    const planned = machines.find((machine) => machine.name === name)
    if (!planned)
      throw unknownMachine(
        name,
        machines.map((machine) => machine.name),
      )
    const otherwise = refusal(action, row.state)
    if (otherwise) throw actionRefused(action.replace('_', ' '), row.state, otherwise)
    if (action === 'open_terminal' && planned.noSSH) {
      throw new RametError('no_ssh', 403, `The playground lets nobody into the machine ${name}.`, {
        hint: 'Its serial log can be read: ramet playground machine console ID NAME',
      })
    }
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
  }
}

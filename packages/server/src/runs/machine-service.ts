import type { Guests } from '@ramet/engine/guest/guest.ts'
import type { LiveMachine } from '@ramet/engine/run/live-run.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { actionRefused, machineUnreachable, unknownMachine } from '@ramet/model/errors/errors.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { type Action, refusal } from '@ramet/model/run/run-state.ts'
import type { Reconciler } from '../reconcile/reconciler.ts'
import type { Machines, User } from '../services.ts'
import type { RunRow } from '../store/schema.ts'

/** A link that was just lost (a reboot, a server that came back) is waited for this long. */
const linkWithinMs = 20_000

/** Ways into a run's machines. The owner is checked each time: `own` throws for everyone else. */
export function machineService(
  own: (user: User, id: string) => Promise<RunRow>,
  reconciler: Reconciler,
  guests: Guests,
): Machines {
  async function find(
    user: User,
    id: string,
    name: string,
    action: Action,
  ): Promise<{ machine: LiveMachine; defaultUser: string }> {
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
    const machine = reconciler.known(id)?.live.get(name)
    if (!machine) throw machineUnreachable(name, 'it is off.')
    return { machine, defaultUser: planned.users.find((candidate) => candidate.default)?.name ?? 'root' }
  }

  async function ready(machine: LiveMachine): Promise<void> {
    if (machine.link.isReady) return
    await machine.link.ready(AbortSignal.timeout(linkWithinMs)).catch(() => {
      throw machineUnreachable(machine.name, `it did not answer within ${linkWithinMs / 1000} s.`)
    })
  }

  return {
    async exec(user, id, name, command, options) {
      const { machine, defaultUser } = await find(user, id, name, 'open_terminal')
      await ready(machine)
      return machine.link.exec(command, { ...options, user: options.user || defaultUser })
    },
    async terminal(user, id, name, session, options) {
      const { machine, defaultUser } = await find(user, id, name, 'open_terminal')
      await ready(machine)
      return machine.link.terminal(session, { ...options, user: options.user || defaultUser })
    },
    async console(user, id, name) {
      const { machine } = await find(user, id, name, 'open_console')
      return guests.console(machine.vm)
    },
  }
}

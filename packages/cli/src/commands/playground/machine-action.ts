import type { Play } from '@ramet/model/api/wire.ts'
import { isMachineReady } from '@ramet/model/run/goals.ts'
import type { MachineAction } from '@ramet/model/run/run-state.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { pickMachine } from '../../pick-machine.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'
import { waitForMachine } from '../../wait-for-goal.ts'

interface Verb {
  readonly name: 'stop' | 'restart' | 'reboot'
  readonly description: string
  isReached(play: Play, machine: string): boolean
  readonly done: string
}

const verbs: readonly Verb[] = [
  {
    name: 'stop',
    description: 'Switch one machine of a running run off; the others go on.',
    // With its last machine a run is off itself.
    isReached: (play, machine) => stateOf(play, machine) === 'STOPPED',
    done: 'is off',
  },
  {
    name: 'restart',
    description: 'Switch one machine of a running run on again.',
    isReached: isMachineReady,
    done: 'is ready',
  },
  {
    name: 'reboot',
    description: 'Reboot one machine of a running run; one that does not answer is switched off and on.',
    isReached: (play, machine) => stateOf(play, machine) === 'RUNNING' && isMachineReady(play, machine),
    done: 'is ready again',
  },
]

const stateOf = (play: Play, machine: string) => play.machines.find(({ name }) => name === machine)?.state

/** `ramet playground machine stop|restart|reboot` */
export function addMachineActions(parent: Command, open: Open): void {
  for (const verb of verbs) {
    parent
      .command(verb.name)
      .description(`${verb.description} Returns when that is done.`)
      .argument('<run>', runArgument)
      .argument('<machine>', 'name of the machine; see: ramet playground machines')
      .option('-q, --quiet', 'say nothing')
      .action(async (run: string, name: string, options: { quiet?: boolean }) => {
        const context = await open()
        const { client, out } = context
        const play = await resolveRun(client, run)
        const machine = pickMachine(play, name).name
        const action: MachineAction = `machine.${verb.name}`
        const asked = await client.plays.machine(play.id, action, machine)
        await waitForMachine(context, asked, machine, (seen) => verb.isReached(seen, machine), options)
        if (!options.quiet) out.note(`${machine} ${verb.done}.`)
      })
  }
}

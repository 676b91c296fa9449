import type { Client } from '@ramet/client/client-shape.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import { actionRefused, invalidInput, noWayIn } from '@ramet/model/errors/errors.ts'
import { refusal } from '@ramet/model/run/run-state.ts'
import type { Command } from 'commander'
import { attachTerminal } from '../../attach.ts'
import type { Open } from '../../context.ts'
import type { Output } from '../../output.ts'
import { pickMachine } from '../../pick-machine.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

/** `ramet playground machine console` */
export function addMachineConsole(parent: Command, open: Open): void {
  parent
    .command('console')
    .description('Print what a machine wrote to its serial line: a section a boot, oldest first.')
    .argument('<run>', runArgument)
    .argument('<machine>', 'name of the machine; see: ramet playground machines')
    .option('-i, --interactive', 'attach to the line itself; ctrl-] leaves')
    .option(
      '--raw',
      'with the colours and control characters that the machine wrote; otherwise they are left out or made visible',
    )
    .action(async (run: string, name: string, options: { interactive?: boolean; raw?: boolean }) => {
      const { client, out } = await open()
      const play = await resolveRun(client, run)
      const machine = pickMachine(play, name)
      if (options.interactive && machine.noSSH) throw noWayIn(name)
      if (options.interactive) await attach(client, out, play, machine.name)
      else await print(client, out, play, machine.name, options)
    })
}

async function print(client: Client, out: Output, play: Play, machine: string, how: { raw?: boolean }): Promise<void> {
  const consoles = await client.plays.consoles(play.id, machine)
  for (const [index, console] of consoles.entries()) {
    out.note(`==> ${machine}, boot ${index + 1} of ${consoles.length} (${console})`)
    out.content(await client.plays.readConsole(play.id, machine, console), how)
  }
  if (consoles.length === 0) out.note(`${machine} has not written anything yet.`)
}

async function attach(client: Client, out: Output, play: Play, machine: string): Promise<void> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw invalidInput('-i needs a terminal on standard input and output.', undefined, 'Without -i the log is printed.')
  }
  const otherwise = refusal('open_console', play.state)
  if (otherwise) throw actionRefused('attach to the console of', play.state, otherwise)
  out.note(`Attached to the serial line of ${machine}. Leave with ctrl-].`)
  await attachTerminal(client.console(play.id, machine), { leaveBy: 0x1d })
  out.note('\nDetached.')
}

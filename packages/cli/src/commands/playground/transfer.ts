import { invalidInput } from '@ramet/model/errors/errors.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'

interface TransferOptions {
  readonly to?: string
  readonly cancel?: boolean
  readonly accept?: boolean
  readonly decline?: boolean
}

/** `ramet playground transfer` */
export function addTransfer(parent: Command, open: Open): void {
  parent
    .command('transfer')
    .description(
      'Give a playground of yours to another user, who has to accept it: what it takes on the disk counts as theirs then.',
    )
    .argument('<playground>', 'its name')
    .option('--to <name>', 'offer it to this user')
    .option('--cancel', 'take the offer back')
    .option('--accept', 'take what is offered to you')
    .option('--decline', 'do not take it')
    .action(async (name: string, { to, cancel, accept, decline }: TransferOptions) => {
      const { client, out } = await open()
      if ([to, cancel, accept, decline].filter((given) => given !== undefined).length !== 1)
        throw invalidInput('Exactly one of these.', '--to, --cancel, --accept, --decline')
      if (accept || decline) await client.playgrounds.answerOffer(name, accept === true)
      else await client.playgrounds.offer(name, to)
      out.result(name)
      if (to !== undefined) out.note(`It is yours until ${to} says: ramet playground transfer ${name} --accept`)
      if (accept) out.note('It is yours now.')
    })
}

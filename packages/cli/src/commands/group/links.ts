import { groupTokenOf } from '@ramet/model/api/groups.ts'
import { pages } from '@ramet/model/api/routes.ts'
import { invalidInput } from '@ramet/model/errors/errors.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { countUpTo } from '../../parse-count.ts'

interface InviteOptions {
  readonly limit?: number
  readonly days?: number
}

/** `ramet group invite`, `close` and `join` */
export function addGroupLinks(parent: Command, open: Open): void {
  parent
    .command('invite')
    .description('Print a link by which people of this server come into a group of yours. It is shown once.')
    .argument('<group>')
    .option('--limit <number>', 'how many may come in by it, such as 30 for a class (default: 1)', countUpTo(1000))
    .option('--days <number>', 'how long it holds (default: 7)', countUpTo(90))
    .action(async (name: string, options: InviteOptions) => {
      const { client, server, out } = await open()
      const { token, left, expiresAt } = await client.groups.invite(name, options)
      out.note(`It lets ${left === 1 ? 'one person' : `${left} people`} into ${name}, until ${expiresAt.slice(0, 10)}:`)
      out.result(`${server.endpoint}${pages.joinGroup(token)}`)
    })
  parent
    .command('close')
    .description('End all links into a group. Who is in it stays.')
    .argument('<group>')
    .action(async (name: string) => {
      const { client } = await open()
      await client.groups.closeLinks(name)
    })
  parent
    .command('join')
    .description('Come into a group by a link that you were sent.')
    .argument('<link>')
    .action(async (link: string) => {
      const { client, out } = await open()
      const token = groupTokenOf(link)
      if (token === undefined)
        throw invalidInput('This is no link to a group.', 'link', 'It looks like http://…/join-group#group=…')
      const { name, ownerName } = await client.groups.join(token)
      out.result(name)
      out.note(`You are in ${name}, which is ${ownerName}’s. What is shared with it: ramet playground catalog -f community`)
    })
}

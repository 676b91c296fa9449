import type { Command } from 'commander'
import { ago } from '../../ago.ts'
import type { Open } from '../../context.ts'
import { type Format, formatOption } from '../../format-option.ts'

/** `ramet group list`, `show`, `add` and `rm` */
export function addGroupList(parent: Command, open: Open): void {
  parent
    .command('list')
    .alias('ls')
    .description('Groups that you own or are in; all of them, for admins.')
    .option('-q, --quiet', 'names only')
    .addOption(formatOption())
    .action(async ({ quiet, output }: { quiet?: boolean; output: Format }) => {
      const { client, out } = await open()
      const all = await client.groups.list()
      if (quiet) for (const { name } of all) out.result(name)
      else if (output !== 'table') out.data(all, output)
      else
        out.table(
          ['NAME', 'OWNER', 'MEMBERS', 'YOU', 'MADE'],
          all.map(({ name, ownerName, memberCount, isMember, createdAt }) => [
            name,
            ownerName,
            String(memberCount),
            isMember ? 'in it' : '-',
            ago(createdAt),
          ]),
        )
    })
  parent
    .command('show')
    .description('Who is in a group of yours, and how many may still come in by its links.')
    .argument('<group>')
    .addOption(formatOption())
    .action(async (name: string, { output }: { output: Format }) => {
      const { client, out } = await open()
      const group = await client.groups.get(name)
      if (output !== 'table') return out.data(group, output)
      out.note(`The owner of ${name} is ${group.ownerName}. It has ${group.memberCount} members.`)
      if (group.members) {
        out.table(
          ['MEMBER', 'SINCE'],
          group.members.map((member) => [member.name, ago(member.joinedAt)]),
        )
      }
      for (const { left, expiresAt } of group.links ?? [])
        out.note(`A link lets ${left} more in, until ${expiresAt.slice(0, 10)}. End them all with: ramet group close ${name}`)
    })
  parent
    .command('add')
    .description('Make a group, of which you are the owner and the first member.')
    .argument('<name>', 'small letters, digits and dashes')
    .action(async (name: string) => {
      const { client, out } = await open()
      out.result((await client.groups.create({ name })).name)
      out.note(`Let people in with: ramet group invite ${name} --limit 30`)
    })
  parent
    .command('remove')
    .alias('rm')
    .description('Remove a group. What was shared with it is shared with it no longer; runs of its members go on.')
    .argument('<group>')
    .action(async (name: string) => {
      const { client } = await open()
      await client.groups.remove(name)
    })
}

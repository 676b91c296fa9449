import type { Command } from 'commander'
import type { Open } from '../../context.ts'

/** `ramet group add-member`, `rm-member` and `leave` */
export function addGroupMembers(parent: Command, open: Open): void {
  parent
    .command('add-member')
    .description('Put users into a group, without asking them; for admins. Others invite: ramet group invite')
    .argument('<group>')
    .argument('<name...>', 'users; see: ramet user ls')
    .action(async (group: string, names: string[]) => {
      const { client, out } = await open()
      const { memberCount } = await client.groups.addMembers(group, names)
      out.note(`${group} has ${memberCount} members now.`)
    })
  parent
    .command('remove-member')
    .alias('rm-member')
    .description('Take users out of a group of yours. What is shared with it is closed to them at once; their runs go on.')
    .argument('<group>')
    .argument('<name...>')
    .action(async (group: string, names: string[]) => {
      const { client } = await open()
      for (const name of names) await client.groups.removeMember(group, name)
    })
  parent
    .command('leave')
    .description('Leave a group.')
    .argument('<group>')
    .action(async (group: string) => {
      const { client } = await open()
      await client.groups.removeMember(group, (await client.me()).name)
    })
}

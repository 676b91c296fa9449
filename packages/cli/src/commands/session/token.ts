import { type Scope, scopes } from '@ramet/model/access/scopes.ts'
import { type Command, Option } from 'commander'
import type { Open } from '../../context.ts'
import { countUpTo } from '../../parse-count.ts'

interface TokenOptions {
  readonly scope?: readonly Scope[]
  readonly expiresIn?: number
}

/** `ramet session token` */
export function addSessionToken(parent: Command, open: Open): void {
  parent
    .command('token')
    .description('Make a token for a program, and print it once.')
    .argument('<name>', 'what it is for')
    .addOption(new Option('--scope <scope...>', 'all that it may do; default: all that you may do').choices(scopes))
    .option('--expires-in <days>', 'default: 90', countUpTo(365))
    .action(async (name: string, { scope, expiresIn }: TokenOptions) => {
      const { client, out } = await open()
      const token = await client.sessions.makeToken({
        name,
        ...(scope === undefined ? {} : { scope: [...scope] }),
        ...(expiresIn === undefined ? {} : { expiresInDays: expiresIn }),
      })
      out.result(token.accessToken)
      out.note(`It ends on ${token.expiresAt.slice(0, 10)}. Take it away with: ramet session end ${token.id}`)
    })
}

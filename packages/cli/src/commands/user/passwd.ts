import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { readSecret } from '../../read-secret.ts'

/** `ramet user passwd` */
export function addUserPasswd(parent: Command, open: Open): void {
  parent
    .command('passwd')
    .description(
      'Set your own password; other browsers are logged out. From a script: the password as standard input, with the current one on a line before it where there is one.',
    )
    .action(async () => {
      const { client, out } = await open()
      const { hasPassword } = await client.me()
      if (process.stdin.isTTY) {
        const current = hasPassword ? await readSecret('Your password of now (it is not shown):') : undefined
        const password = await readSecret('The new one, of at least 10 characters:')
        await client.setPassword({ ...(current === undefined ? {} : { current }), password })
      } else {
        const lines = (await readSecret('')).split(/\r?\n/)
        const [first = '', second = ''] = lines
        await client.setPassword(hasPassword ? { current: first, password: second } : { password: first })
      }
      out.note('The password is set. Sign in on the page of the server, or with: ramet login URL --user NAME')
    })
}

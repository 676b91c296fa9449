import { hostname } from 'node:os'
import { createClient } from '@ramet/client/client.ts'
import { pages } from '@ramet/model/api/routes.ts'
import { invalidInput, notAuthenticated } from '@ramet/model/errors/errors.ts'
import type { Command } from 'commander'
import type { Open } from '../context.ts'
import { checkedEndpoint, type ServerFlags } from '../find-server.ts'
import { loginsFile, readLogins, withLogin, writeLogins } from '../logins.ts'
import { openInBrowser } from '../open-in-browser.ts'
import { createOutput } from '../output.ts'
import { readSecret } from '../read-secret.ts'

/** `ramet login` */
export function addLogin(parent: Command, open: Open): void {
  parent
    .command('login')
    .description(
      'Without a URL: print a link that logs a browser in, once, within ten minutes; and open it where there is a desktop. With the URL of a server: keep a token of it, so that this computer’s commands go there.',
    )
    .argument('[url]', 'address of a server, such as http://lab:8420')
    .option('--print', 'print the link and nothing else, and open nothing')
    .option('--user <name>', 'with a URL: sign in by name and password; the token is made for this computer')
    .addHelpText(
      'after',
      `
Examples:
  ramet login                              a link for your browser
  ramet login http://lab:8420              asks for a token, and keeps it for your eyes alone
  ramet login http://lab:8420 <token.txt   the same from a script
  ramet login http://lab:8420 --user ann   asks for Ann’s password

The token of a server is in RAMET_HOME/secrets/cli-token on its machine.`,
    )
    .action(async (url: string | undefined, options: { print?: boolean; user?: string }) => {
      if (url !== undefined) return keepToken(url, options.user, parent.opts<ServerFlags>().token)
      if (options.user !== undefined)
        throw invalidInput('--user needs the URL of a server.', '--user', 'Such as: ramet login http://lab:8420 --user ann')
      const { client, server, out } = await open()
      const { token } = await client.makeLoginLink()
      const link = `${server.endpoint}${pages.login(token)}`
      if (!options.print) {
        const isOpened = await openInBrowser(link)
        out.note(isOpened ? 'Your browser opens this link:' : 'Open this link in a browser. It works once, within ten minutes:')
      }
      out.result(link)
    })
}

/** A token is kept only once the server has taken it. */
async function keepToken(url: string, user: string | undefined, given: string | undefined): Promise<void> {
  const out = createOutput()
  const endpoint = checkedEndpoint(url)
  await createClient({ endpoint }).health()
  const token =
    user === undefined
      ? (given ?? (await readSecret(`Token of ${endpoint} (it is not shown):`))).trim()
      : await boughtToken(endpoint, user)
  // What is no token would be no header either.
  if (!/^[\x21-\x7e]{1,1000}$/.test(token)) throw invalidInput('That is no token.')
  const { name } = await createClient({ endpoint, token })
    .me()
    .catch((error: { code?: string }) => {
      throw error.code === 'not_authenticated' ? notAuthenticated() : error
    })
  await writeLogins(process.env, withLogin(await readLogins(process.env), endpoint, token))
  out.note(
    `Commands go to ${endpoint} as ${name} from now on; the token is in ${loginsFile(process.env)}. Forget it with: ramet logout`,
  )
  out.result(endpoint)
}

async function boughtToken(endpoint: string, name: string): Promise<string> {
  const password = (await readSecret(`Password of ${name} on ${endpoint} (it is not shown):`)).replace(/\r?\n$/, '')
  const { accessToken } = await createClient({ endpoint }).tokenOf({ name, password }, `ramet on ${hostname()}`)
  return accessToken
}

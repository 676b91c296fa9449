import { pages } from '@ramet/model/api/routes.ts'
import type { Command } from 'commander'
import type { Open } from '../context.ts'
import { openInBrowser } from '../open-in-browser.ts'

/** `ramet login` */
export function addLogin(parent: Command, open: Open): void {
  parent
    .command('login')
    .description('Print a link that logs a browser in, once, within ten minutes; and open it where there is a desktop.')
    .option('--print', 'print the link and nothing else, and open nothing')
    .action(async (options: { print?: boolean }) => {
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

import { execFile } from 'node:child_process'
import { access, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { RametError } from '@ramet/model/errors/error.ts'
import { type Command, Option } from 'commander'
import type { Open } from '../context.ts'

/** Where Debian, Ubuntu and Alpine look for what their administrator trusts (update-ca-certificates(8)). */
const trustedFolder = '/usr/local/share/ca-certificates'

interface Flags {
  readonly output?: string
  readonly install?: boolean
}

/** `ramet ca` */
export function addCa(parent: Command, open: Open): void {
  parent
    .command('ca')
    .description('The certificate authority that vouches for this server over https.')
    .option('-o, --output <file>', 'write it to a file')
    .addOption(new Option('--install', 'make this machine trust it (root; update-ca-certificates)').conflicts('output'))
    .addHelpText(
      'after',
      `
Whoever trusts it trusts this server, by its own names, published ports and private addresses, and nothing else.

Examples:
  ramet ca -o ramet.pem                             a file for programs that are told whom to trust
  curl --cacert ramet.pem https://localhost:8422/api/health
  sudo ramet ca --install                           programs of this machine trust it from then on
  SSL_CERT_FILE=ramet.pem labctl --endpoint https://localhost:8422 …

Browsers have lists of their own: Firefox, and Chromium on Linux, take the file under
Settings, Privacy and security, Certificates, Authorities, Import.`,
    )
    .action(async ({ output, install }: Flags) => {
      const { client, out } = await open()
      const { port, authority } = await client.tls()
      if (port === null)
        throw new RametError('no_https', 409, 'This server speaks no https.', {
          hint: 'Start it without --https-port off.',
        })
      if (authority === null)
        throw new RametError(
          'certificate_given',
          409,
          'This server was given its certificate, and has no authority of its own.',
          {
            hint: 'Trust whoever issued the certificate of --tls-cert.',
          },
        )
      if (output !== undefined) {
        await writeFile(output, authority)
        out.note(`Written to ${output}. https is on port ${port}.`)
      } else if (install) {
        const { installation } = await client.health()
        const path = join(trustedFolder, `ramet-${installation}.crt`)
        await installAt(path, authority)
        out.note(`Wrote ${path} and ran update-ca-certificates: programs of this machine trust the server at port ${port}.`)
        out.note(`To undo it: rm ${path} && update-ca-certificates --fresh. Browsers have lists of their own: ramet ca --help`)
      } else out.content(authority)
    })
}

async function installAt(path: string, authority: string): Promise<void> {
  const byHand = 'Write it to a file with `ramet ca -o ramet.pem`, and add that to what this machine trusts.'
  await access(trustedFolder).catch(() => {
    throw new RametError('no_trust_folder', 409, `This machine has no ${trustedFolder}.`, { hint: byHand })
  })
  try {
    await writeFile(path, authority, { mode: 0o644 })
    await promisify(execFile)('update-ca-certificates', [], { timeout: 60_000 })
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const why =
      code === 'EACCES' || code === 'EPERM'
        ? 'only root may do that'
        : code === 'ENOENT'
          ? 'update-ca-certificates is not there'
          : message
    throw new RametError('not_installed', 500, `The authority could not be installed: ${why}.`, {
      hint: code === 'EACCES' ? 'Run it with sudo.' : byHand,
      cause,
    })
  }
}

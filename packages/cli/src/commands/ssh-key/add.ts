import { readdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { RametError } from '@ramet/model/errors/error.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'

/** `ramet ssh-key add` */
export function addSshKeyAdd(parent: Command, open: Open): void {
  parent
    .command('add')
    .description('Let the owner of a public key into your machines by plain ssh; how: ramet ssh-config')
    .argument('[file]', 'the public key; default: the first of ~/.ssh/id_*.pub')
    .option('--name <name>', 'what to call it; default: the comment in the file')
    .action(async (file: string | undefined, { name }: { name?: string }) => {
      const { client, out } = await open()
      const line = await readFile(file ?? (await ownKey()), 'utf8').catch((error: NodeJS.ErrnoException) => {
        throw new RametError('file_not_found', 404, `${file ?? '~/.ssh'} cannot be read: ${error.code ?? error.message}.`, {
          hint: 'Make a key with: ssh-keygen -t ed25519',
        })
      })
      const key = await client.ssh.addKey({ line: line.trim(), ...(name === undefined ? {} : { name }) })
      out.note(`${key.name} (${key.fingerprint}) opens your machines now.`)
      out.result(key.id)
    })
}

async function ownKey(): Promise<string> {
  const folder = join(homedir(), '.ssh')
  const names = await readdir(folder).catch(() => [])
  const found = names.filter((name) => /^id_\w+\.pub$/.test(name)).sort()
  // ed25519 first: the name that sorts first would be an older kind.
  const name = found.find((each) => each === 'id_ed25519.pub') ?? found[0]
  if (name === undefined)
    throw new RametError('no_ssh_key', 404, 'There is no key in ~/.ssh.', { hint: 'Make one with: ssh-keygen -t ed25519' })
  return join(folder, name)
}

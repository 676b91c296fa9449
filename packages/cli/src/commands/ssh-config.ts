import type { Play } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { refusal } from '@ramet/model/run/run-state.ts'
import { labelFromTitle } from '@ramet/model/units/names.ts'
import type { Command } from 'commander'
import type { Open } from '../context.ts'
import { resolveRun } from '../resolve-run.ts'

/** `ramet ssh-config` */
export function addSshConfig(parent: Command, open: Open): void {
  parent
    .command('ssh-config')
    .description('Lines for ~/.ssh/config, by which ssh, scp, rsync and editors reach your machines by name.')
    .argument('[run]', 'only this run; default: all that are on')
    .addHelpText(
      'after',
      `
Examples:
  ramet ssh-key add                                once, so that your key opens your machines
  ramet ssh-config > ~/.ssh/ramet.config           then put "Include ramet.config" on top of ~/.ssh/config
  ssh ramet-my-lab.web`,
    )
    .action(async (name: string | undefined) => {
      const { client, server, out } = await open()
      const [{ port, hostKey }, keys] = await Promise.all([client.ssh.gateway(), client.ssh.keys()])
      if (port === null)
        throw new RametError('no_ssh_gateway', 409, 'This server has no port for ssh.', {
          hint: 'Start it without --ssh-port off. `ramet ssh` works all the same.',
        })
      const plays =
        name === undefined
          ? (await client.plays.list()).filter(({ state }) => !refusal('open_terminal', state))
          : [await resolveRun(client, name)]
      if (keys.length === 0) out.note('No key of yours opens them yet. Add it with: ramet ssh-key add')
      out.content(configOf(plays, { host: new URL(server.endpoint).hostname.replace(/^\[|\]$/g, ''), port, hostKey }))
    })
}

/** A host a machine, `RUN.MACHINE`; `RUN` is the first one. Runs of one title are told apart by the beginning of their ids. */
export function configOf(
  plays: readonly Play[],
  { host, port, hostKey }: { host: string; port: number; hostKey: string },
): string {
  const lines = [
    `# Machines of Ramet at ${host}. The host key: ${hostKey}`,
    `Host ramet-*`,
    `  HostName ${host}`,
    `  Port ${port}`,
    `  HostKeyAlias ramet-${host}-${port}`,
    `  KnownHostsCommand /bin/echo "%H ${hostKey}"`,
  ]
  const labels = plays.map(({ title }) => labelFromTitle(title))
  for (const [at, play] of plays.entries()) {
    const label = labels[at] ?? ''
    const isAlone = labels.filter((other) => other === label).length === 1
    const run = isAlone ? label : `${label}-${play.id.slice(0, 6)}`
    for (const [index, { name, noSSH }] of play.machines.entries()) {
      if (noSSH) continue
      lines.push('', `Host ramet-${run}.${name}${index === 0 ? ` ramet-${run}` : ''}`, `  User ${play.id}+${name}`)
    }
  }
  return `${lines.join('\n')}\n`
}

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { hostsText, type NameView } from './name-plan.ts'

export const pidFileOf = (folder: string, view: NameView) => join(folder, `${view.port}.pid`)
/** Named after its content, so that a resolver that read another one is seen to be a wrong one. */
export const hostsFileOf = (folder: string, view: NameView) =>
  join(folder, `${view.port}-${createHash('sha256').update(hostsText(view.hosts)).digest('hex').slice(0, 12)}.hosts`)

/** The whole argv of one resolver; pure. See dnsmasq(8). */
export function dnsmasqCommandLine(folder: string, view: NameView, nameservers: readonly string[]): [string, ...string[]] {
  const outside = view.forwards ? nameservers : []
  return [
    'dnsmasq',
    // In a jail it begins without rights, and there are no users to become.
    '--keep-in-foreground',
    '--user=',
    '--group=',
    '--conf-file=/dev/null',
    // Not written by it, which may write nothing: it tells whose resolver this is.
    `--pid-file=${pidFileOf(folder, view)}`,
    '--log-facility=/dev/null',
    // Names only: no DHCP, no TFTP, nothing of the host's /etc/hosts.
    '--no-hosts',
    `--addn-hosts=${hostsFileOf(folder, view)}`,
    `--port=${view.port}`,
    // Dynamic: a bridge may be taken away and made again under it.
    '--bind-dynamic',
    ...view.addresses.map((address) => `--listen-address=${address}`),
    // Machines have no way out over IPv6; an address there would only make programs wait.
    '--filter-AAAA',
    '--domain-needed',
    '--bogus-priv',
    // The run's own names are never asked for outside, whatever is asked about them. Not `machine` alone: that may be somebody's top-level domain.
    ...view.hosts.flatMap(({ names }) => names.filter((name) => name.includes('.')).map((name) => `--local=/${name}/`)),
    '--no-resolv',
    // `#` is every name: what is not in the hosts file does not exist.
    ...(outside.length === 0 ? ['--local=/#/'] : outside.map((address) => `--server=${address}`)),
    '--cache-size=1000',
    // Questions that wait for an answer from outside; each holds a port and memory.
    '--dns-forward-max=150',
  ]
}

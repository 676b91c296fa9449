import type { AuditEntry } from '@ramet/model/api/audit.ts'
import { longestAuditPage } from '@ramet/model/api/audit.ts'
import { parseDuration } from '@ramet/model/units/duration.ts'
import type { Command } from 'commander'
import type { Open } from '../context.ts'
import { type Format, formatOption } from '../format-option.ts'
import { countUpTo } from '../parse-count.ts'

interface AuditOptions {
  readonly user?: string
  readonly since?: string
  readonly action?: string
  readonly limit: number
  readonly output: Format
}

/** `ramet audit` */
export function addAudit(parent: Command, open: Open): void {
  parent
    .command('audit')
    .description('Who did what, from where, when and with what outcome; newest first. Whoever is no admin sees his own.')
    .option('--user <name>', 'what this user did, and what was done to what is his')
    .option('--since <when>', 'a time such as 2026-05-01T12:00Z, or so long ago: 2h')
    .option('--action <action>', 'one action, such as run.destroy, or all of a kind: run')
    .option('-n, --limit <count>', 'entries at most', countUpTo(100_000), 100)
    .addOption(formatOption())
    .action(async ({ user, since, action, limit, output }: AuditOptions) => {
      const { client, out } = await open()
      const asked = {
        ...(user === undefined ? {} : { user }),
        ...(action === undefined ? {} : { action }),
        ...(since === undefined ? {} : { since: timeOf(since) }),
      }
      const entries: AuditEntry[] = []
      for (let more = true; more && entries.length < limit; ) {
        const page = Math.min(longestAuditPage, limit - entries.length)
        const cursor = entries.at(-1)?.id
        const found = await client.audit({ ...asked, limit: page, ...(cursor === undefined ? {} : { cursor }) })
        entries.push(...found)
        more = found.length === page
      }
      if (output !== 'table') out.data(entries, output)
      else out.table(['AT', 'WHO', 'BY', 'FROM', 'WHAT', 'TO', 'OUTCOME'], entries.map(row))
    })
}

const row = ({ at, user, via, from, action, subject, detail, outcome, times }: AuditEntry) => [
  `${at.slice(0, 19)}Z`,
  user ?? '-',
  via ?? '-',
  from ?? '-',
  action,
  [subject, detail].filter((each) => each !== undefined).join(' ') || '-',
  times === 1 ? outcome : `${outcome} (${times} times)`,
]

/** RFC 3339, UTC. */
function timeOf(text: string): string {
  const at = Date.parse(text)
  if (/^\d{4}-/.test(text) && !Number.isNaN(at)) return new Date(at).toISOString()
  return new Date(Date.now() - parseDuration(text)).toISOString()
}

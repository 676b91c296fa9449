import type { SeenRun } from '@ramet/model/api/all-runs.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import { formatBytes } from '@ramet/model/units/bytes.ts'
import { ago } from './ago.ts'
import type { Context } from './context.ts'
import type { Format } from './format-option.ts'

const page = 500

/** Runs of all users, newest first; for admins. */
async function everybodysRuns({ client }: Pick<Context, 'client'>): Promise<SeenRun[]> {
  const all: SeenRun[] = []
  for (;;) {
    const found = await client.allRuns.page({ limit: page, cursor: all.at(-1)?.id })
    all.push(...found)
    if (found.length < page) return all
  }
}

export async function listEverybodys(
  context: Pick<Context, 'client' | 'out'>,
  { quiet, output }: { quiet?: boolean; output: Format },
): Promise<void> {
  const { out } = context
  const runs = await everybodysRuns(context)
  if (quiet) for (const { id } of runs) out.result(id)
  else if (output !== 'table') out.data(runs, output)
  else
    out.table(
      ['RUN ID', 'OWNER', 'PLAYGROUND', 'STATUS', 'SINCE', 'MACHINES', 'CPUS', 'MEMORY'],
      runs.map(({ id, owner, playground, state, lastStateAt, machines, cpus, memoryBytes }) => [
        id,
        owner,
        playground ?? 'of their own',
        state,
        ago(lastStateAt),
        String(machines),
        String(cpus),
        formatBytes(memoryBytes),
      ]),
    )
}

/** Stops a run by its id or the beginning of it, whoever's it is. Returns its id. */
export async function stopAnybodys(context: Pick<Context, 'client'>, name: string): Promise<string> {
  const found = (await everybodysRuns(context)).filter(({ id }) => id.startsWith(name))
  const [run] = found
  if (!run || found.length > 1) throw notFound('run', name, 'See which there are with: ramet playground list --all-users')
  await context.client.allRuns.stop(run.id)
  return run.id
}

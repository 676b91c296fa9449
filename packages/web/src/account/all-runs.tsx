import type { SeenRun } from '@ramet/model/api/all-runs.ts'
import { refusal } from '@ramet/model/run/run-state.ts'
import { formatBytes } from '@ramet/model/units/bytes.ts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { RunStateBadge } from '../run/state-badge.tsx'
import { Button } from '../ui/button.tsx'
import { ErrorNotice } from '../ui/notice.tsx'
import { toastError } from '../ui/toasts.tsx'

/** Everybody's runs, for admins: that they are there, and to stop them. */
export function AllRuns() {
  const { data: runs, error } = useQuery(queries.allRuns())
  return (
    <section aria-label="Runs of everybody">
      <h2 className="text-[15px] font-semibold tracking-tight">Runs of everybody</h2>
      <p className="mt-1 mb-3 text-[13px] text-muted">
        Whose they are and what they take. What they are called and what is in them is their owners’ alone; you can stop them,
        which keeps everything.
      </p>
      {error && !runs && <ErrorNotice error={error} />}
      {runs?.length === 0 && <p className="text-[13px] text-muted">There are none.</p>}
      {runs && runs.length > 0 && (
        <ul className="divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface">
          {runs.map((run) => (
            <AnyRun key={run.id} run={run} />
          ))}
        </ul>
      )}
    </section>
  )
}

function AnyRun({ run }: { run: SeenRun }) {
  const cache = useQueryClient()
  const stop = useMutation({
    mutationFn: () => client.allRuns.stop(run.id),
    onSuccess: () => cache.invalidateQueries({ queryKey: queries.allRuns().queryKey }),
    onError: toastError,
  })
  const { id, owner, playground, state, machines, cpus, memoryBytes } = run
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5">
      <div className="min-w-48 flex-1">
        <p className="text-[13px] font-medium">
          {owner} <span className="font-mono font-normal text-faint">{id.slice(0, 8)}</span>
        </p>
        <p className="text-xs text-muted">
          {playground ?? 'a playground of their own'} · {machines} machine{machines === 1 ? '' : 's'} · {cpus} CPU
          {cpus === 1 ? '' : 's'} · {formatBytes(memoryBytes)}
        </p>
      </div>
      <RunStateBadge state={state} />
      <Button look="quiet" isBusy={stop.isPending} refusal={refusal('stop', state)} onClick={() => stop.mutate()}>
        Stop{' '}
        <span className="sr-only">
          the run {id.slice(0, 8)} of {owner}
        </span>
      </Button>
    </li>
  )
}

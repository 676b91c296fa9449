import type { StateEvent } from '@ramet/model/api/wire.ts'
import { useNow } from '../ui/use-now.ts'
import { runLook } from './run-look.ts'
import { Dot } from './state-badge.tsx'
import { formatAgo, formatDuration } from './time.ts'

/** The states a run went through, newest first, and how long each lasted. */
export function StateHistory({ events }: { events: readonly StateEvent[] }) {
  const now = useNow()
  const rows = events.map((event, index) => {
    const at = Date.parse(event.at)
    const next = events[index + 1]
    return { ...event, at, key: index, lasted: next && Date.parse(next.at) - at }
  })
  return (
    <ol className="flex flex-col gap-1.5 text-[13px]">
      {rows.toReversed().map(({ key, state, at, message, lasted }) => (
        <li key={key}>
          <div className="flex items-center gap-2">
            <Dot tone={lasted !== undefined && runLook[state].tone !== 'bad' ? 'off' : runLook[state].tone} />
            <span>{runLook[state].label}</span>
            <time
              dateTime={new Date(at).toISOString()}
              title={new Date(at).toLocaleString()}
              className="tabular ml-auto text-xs text-faint"
            >
              {lasted === undefined ? formatAgo(at, now) : `for ${formatDuration(lasted)}`}
            </time>
          </div>
          {message && <p className="mt-0.5 ml-4 text-xs text-bad wrap-anywhere">{message}</p>}
        </li>
      ))}
    </ol>
  )
}

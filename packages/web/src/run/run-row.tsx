import type { Play } from '@ramet/model/api/wire.ts'
import { Link } from '@tanstack/react-router'
import { buttonClass } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { FailureNotice } from '../ui/notice.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'
import { Storage } from '../ui/storage.tsx'
import { useNow } from '../ui/use-now.ts'
import { useRunStorage } from '../ui/use-storage.ts'
import { RunButtons } from './run-buttons.tsx'
import { startLook } from './start-look.ts'
import { RunStateBadge } from './state-badge.tsx'
import { formatAgo } from './time.ts'

/** One run in the list: what it is, how it is, what may be done. */
export function RunRow({ play }: { play: Play }) {
  const created = Date.parse(play.createdAt)
  const now = useNow()
  const start = startLook(play)
  const storage = useRunStorage(play.id)
  return (
    <li aria-label={play.title} className="px-4 py-3 transition-colors hover:bg-hover/40">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2.5">
        <div className="min-w-48 flex-1">
          <Link to="/runs/$id" params={{ id: play.id }} className="rounded font-medium wrap-anywhere hover:text-accent">
            {play.title}
          </Link>
          <p className="mt-0.5 flex flex-wrap gap-x-1.5 text-xs text-faint">
            <span>{play.playground.title}</span>
            <span aria-hidden="true">·</span>
            <time dateTime={play.createdAt} title={new Date(created).toLocaleString()}>
              {formatAgo(created, now)}
            </time>
            {start && (
              <>
                <span aria-hidden="true">·</span>
                <span title={start.reason}>{start.label}</span>
              </>
            )}
            {storage && (
              <>
                <span aria-hidden="true">·</span>
                <Storage storage={storage} />
              </>
            )}
          </p>
        </div>
        <div className="sm:w-24">
          <RunStateBadge state={play.state} />
        </div>
        <div className="flex flex-wrap gap-1.5 sm:w-108 sm:justify-end">
          <Link to="/runs/$id" params={{ id: play.id }} className={buttonClass()} aria-label={`Open ${play.title}`}>
            <Icon name="arrow" className="max-sm:hidden" />
            Open
          </Link>
          <RunButtons play={play} />
        </div>
      </div>
      {play.progress && (
        <div className="mt-3">
          <ProgressBar progress={play.progress} label={`Progress of ${play.title}`} />
        </div>
      )}
      {play.expiresAt !== undefined && play.ending !== undefined && (
        <div className="mt-3">
          <FailureNotice failure={{ message: play.ending }} />
        </div>
      )}
      {play.failure && (
        <div className="mt-3">
          <FailureNotice failure={play.failure} />
        </div>
      )}
    </li>
  )
}

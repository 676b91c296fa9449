import type { Play } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { isGone } from '@ramet/model/run/run-state.ts'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { queries } from '../api/queries.ts'
import { AtRest } from '../run/at-rest.tsx'
import { RunButtons } from '../run/run-buttons.tsx'
import { RunDetails } from '../run/run-details.tsx'
import { StartBadge } from '../run/start-badge.tsx'
import { RunStateBadge } from '../run/state-badge.tsx'
import { Workspace } from '../run/workspace.tsx'
import { Button } from '../ui/button.tsx'
import { EditableTitle } from '../ui/editable-title.tsx'
import { ErrorNotice, FailureNotice } from '../ui/notice.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'
import { usePageTitle } from '../ui/use-page-title.ts'
import { NotFoundPage } from './not-found-page.tsx'

const route = getRouteApi('/runs/$id')

/** One run: its terminals and consoles, its state and what may be done, and what it is made of. */
export function RunPage() {
  const { id } = route.useParams()
  const { data: play, error } = useQuery(queries.play(id))
  usePageTitle(play?.title)
  if (play) return <Run key={id} play={play} />
  if (error instanceof RametError && error.status === 404) return <NotFoundPage what="run" />
  if (error) {
    return (
      <div className="mx-auto w-full max-w-xl p-6">
        <ErrorNotice error={error} />
      </div>
    )
  }
  return <div aria-hidden="true" className="breathing m-6 h-24 rounded-xl bg-line/50" />
}

function Run({ play }: { play: Play }) {
  const [showsDetails, setShowsDetails] = useState(true)
  return (
    <div className="flex min-h-0 flex-1 flex-col lg:h-[calc(100dvh-3rem)] lg:flex-none">
      <header className="flex flex-wrap items-center gap-x-4 gap-y-2.5 border-b border-line bg-surface px-4 py-3 sm:px-6">
        <div className="flex min-w-0 flex-1 basis-72 flex-wrap items-center gap-x-2.5 gap-y-1">
          <Link to="/" className="rounded text-[13px] text-muted hover:text-ink">
            Runs
          </Link>
          <span aria-hidden="true" className="text-faint">
            /
          </span>
          <EditableTitle play={play} />
          <RunStateBadge state={play.state} />
          <StartBadge play={play} />
        </div>
        <div className="flex flex-wrap gap-1.5">
          <RunButtons play={play} />
          <span className="hidden lg:inline">
            <Button look="quiet" icon="panel" iconOnly isPressed={showsDetails} onClick={() => setShowsDetails(!showsDetails)}>
              Details
            </Button>
          </span>
        </div>
        {play.progress && (
          <div className="w-full">
            <ProgressBar progress={play.progress} label="Progress of this run" />
          </div>
        )}
        {play.expiresAt !== undefined && play.ending !== undefined && (
          <div className="w-full">
            <FailureNotice failure={{ message: play.ending }} />
          </div>
        )}
        {play.failure && (
          <div className="w-full">
            <FailureNotice failure={play.failure} />
          </div>
        )}
      </header>
      <div className="flex min-h-0 flex-1 flex-col lg:flex-row">
        <div className="flex h-[calc(100dvh-12rem)] min-h-96 min-w-0 flex-col lg:h-auto lg:min-h-0 lg:flex-1">
          {isGone(play.state) ? <AtRest play={play} /> : <Workspace play={play} />}
        </div>
        {showsDetails && (
          <aside
            aria-label="Details"
            className="shrink-0 border-t border-line bg-surface lg:w-80 lg:overflow-y-auto lg:border-t-0 lg:border-l xl:w-96"
          >
            <RunDetails play={play} />
          </aside>
        )}
      </div>
    </div>
  )
}

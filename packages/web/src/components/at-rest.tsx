import { isGone, refusal } from '@ramet/model/run-state.ts'
import type { Play } from '@ramet/model/wire.ts'
import { Link } from '@tanstack/react-router'
import { useRestart } from '../hooks/use-run-action.ts'
import { runLook } from '../run/run-look.ts'
import { Button, buttonClass } from './button.tsx'
import { Dot } from './state-badge.tsx'

/** What stands in the place of the terminals while there are none: why, and the way on. */
export function AtRest({ play }: { play: Play }) {
  const { label, tone, about } = runLook[play.state]
  const restart = useRestart(play.id)
  const mayRestart = refusal('restart', play.state) === undefined
  return (
    <div className="grid h-full place-items-center p-6 text-center">
      <div className="max-w-sm">
        <h2 className="flex items-center justify-center gap-2 font-medium">
          <Dot tone={tone} />
          {label}
        </h2>
        <p className="mt-1.5 text-[13px] text-muted">
          {play.progress?.message ?? about ?? 'Terminals open as soon as the machines are ready.'}
        </p>
        <div className="mt-4 flex justify-center gap-2">
          {mayRestart && (
            <Button look="primary" icon="play" isBusy={restart.isPending} onClick={restart.mutate}>
              Switch on again
            </Button>
          )}
          {isGone(play.state) && (
            <Link to="/" className={buttonClass()}>
              To your runs
            </Link>
          )}
        </div>
      </div>
    </div>
  )
}

import type { Play } from '@ramet/model/api/wire.ts'
import { isGone, refusal } from '@ramet/model/run/run-state.ts'
import { Link } from '@tanstack/react-router'
import { buttonClass } from '../ui/button.tsx'
import { Choices } from '../ui/choices.tsx'
import { runLook } from './run-look.ts'
import { Dot } from './state-badge.tsx'

/** Shown in place of the terminals while there are none: why, and what can be done. */
export function AtRest({ play }: { play: Play }) {
  const { label, tone, about } = runLook[play.state]
  const mayRestart = refusal('restart', play.state) === undefined
  return (
    <div className="grid h-full place-items-center overflow-y-auto p-6 text-center">
      <div className={`flex flex-col items-center ${mayRestart ? 'w-full max-w-3xl' : 'max-w-sm'}`}>
        <h2 className="flex items-center justify-center gap-2 font-medium">
          <Dot tone={tone} />
          {label}
        </h2>
        <p className="mt-1.5 max-w-sm text-[13px] text-muted">
          {play.progress?.message ?? about ?? 'Terminals open as soon as the machines are ready.'}
        </p>
        <div className="mt-5 flex w-full justify-center gap-2">
          {mayRestart && <Choices play={play} />}
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

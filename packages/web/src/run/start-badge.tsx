import type { Play } from '@ramet/model/api/wire.ts'
import { Tip } from '../ui/button.tsx'
import { startLook } from './start-look.ts'

/** Says how a run that is up came up: booted, resumed with a memory of when and whose, or warm. The reason is told on a closer look. */
export function StartBadge({ play }: { play: Play }) {
  const look = startLook(play)
  if (!look) return null
  const { badge, reason } = look
  return (
    <Tip text={reason}>
      <button
        type="button"
        aria-description={reason}
        className="max-w-full min-w-0 cursor-help! truncate rounded-full border border-line-strong px-2 py-px text-xs text-muted"
      >
        {badge}
      </button>
    </Tip>
  )
}

import { Progress as BaseProgress } from '@base-ui/react/progress'
import type { Progress } from '@ramet/model/api/wire.ts'

/** A step under way: its sentence, its share done where that can be told, and a bar. */
export function ProgressBar({ progress, label }: { progress: Progress; label: string }) {
  const { message, percent } = progress
  return (
    <BaseProgress.Root value={percent ?? null} aria-label={label} className="w-full">
      <div className="mb-1.5 flex items-baseline justify-between gap-3 text-xs text-muted">
        <span className="min-w-0 truncate" title={message}>
          {message}
        </span>
        {percent !== undefined && <span className="tabular shrink-0">{Math.floor(percent)} %</span>}
      </div>
      <BaseProgress.Track className="h-1 overflow-hidden rounded-full bg-line">
        <BaseProgress.Indicator
          className={`h-full rounded-full bg-busy transition-[width] duration-500 ${percent === undefined ? 'sweeping w-1/3!' : ''}`}
        />
      </BaseProgress.Track>
    </BaseProgress.Root>
  )
}

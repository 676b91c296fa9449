import type { Play } from '@ramet/model/api/wire.ts'
import { refusal } from '@ramet/model/run/run-state.ts'
import { describeBytes } from '@ramet/model/units/bytes.ts'
import { type ReactNode, useState } from 'react'
import { SaveDialog } from '../run/save-dialog.tsx'
import { formatAgo } from '../run/time.ts'
import { useBoot, useClone, useRestart } from '../run/use-run-action.ts'
import { Icon, type IconName } from './icons.tsx'
import { useNow } from './use-now.ts'

/** What a run at rest is good for: the ways on, each with what it does. */
export function Choices({ play }: { play: Play }) {
  const restart = useRestart(play.id)
  const boot = useBoot(play.id)
  const clone = useClone(play.id)
  const [isSaving, setIsSaving] = useState(false)
  return (
    <>
      <ul className={`grid w-full gap-3 text-left ${play.snapshot ? 'sm:grid-cols-2 xl:grid-cols-4' : 'sm:grid-cols-3'}`}>
        <Choice icon="play" name="Continue" isBusy={restart.isPending} onClick={restart.mutate} isFirst>
          {play.snapshot ? <KeptMemory {...play.snapshot} /> : 'Switch the machines on again and go on where you left off.'}
        </Choice>
        {play.snapshot && (
          <Choice icon="power" name="Boot" refusal={refusal('boot', play.state)} isBusy={boot.isPending} onClick={boot.mutate}>
            Start the machines anew from their drives. What was in their memory is given up.
          </Choice>
        )}
        <Choice icon="clone" name="Clone" refusal={refusal('clone', play.state)} isBusy={clone.isPending} onClick={clone.mutate}>
          Make another run with the same content; this one stays as it is.
        </Choice>
        <Choice icon="save" name="Save as playground" refusal={refusal('save', play.state)} onClick={() => setIsSaving(true)}>
          Keep this state under a name, to start new runs from it at any time.
        </Choice>
      </ul>
      <SaveDialog play={play} isOpen={isSaving} onClose={() => setIsSaving(false)} />
    </>
  )
}

function KeptMemory({ at, bytes }: NonNullable<Play['snapshot']>) {
  const taken = Date.parse(at)
  const now = useNow()
  return (
    <>
      Every process goes on where it was: memory included, from{' '}
      <time dateTime={at} title={new Date(taken).toLocaleString()}>
        {formatAgo(taken, now)}
      </time>
      ; it takes {describeBytes(bytes)}.
    </>
  )
}

interface ChoiceProps {
  readonly icon: IconName
  readonly name: string
  readonly children: ReactNode
  readonly onClick: () => void
  readonly isBusy?: boolean
  readonly isFirst?: boolean
  readonly refusal?: string | undefined
}

function Choice({ icon, name, children, onClick, isBusy = false, isFirst = false, refusal: why }: ChoiceProps) {
  return (
    <li>
      <button
        type="button"
        disabled={isBusy || why !== undefined}
        aria-busy={isBusy || undefined}
        onClick={onClick}
        className={`flex h-full w-full flex-col items-start rounded-xl border p-3.5 text-left transition-colors enabled:hover:border-accent disabled:opacity-45 ${isFirst ? 'border-accent/50 bg-accent-soft' : 'border-line-strong bg-raised enabled:hover:bg-hover'}`}
      >
        <span className="flex items-center gap-2 text-[13px] font-semibold">
          <Icon name={icon} className="text-accent" />
          {name}
        </span>
        <span className="mt-1 text-xs leading-relaxed text-muted">{why ?? children}</span>
      </button>
    </li>
  )
}

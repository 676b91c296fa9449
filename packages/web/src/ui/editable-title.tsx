import type { Play } from '@ramet/model/api/wire.ts'
import { refusal } from '@ramet/model/run/run-state.ts'
import { titleSchema } from '@ramet/model/units/names.ts'
import { useEffect, useRef, useState } from 'react'
import { useSetTitle } from '../run/use-run-action.ts'
import { Button } from './button.tsx'

/** The run's title as the page's heading, with the way to change it. */
export function EditableTitle({ play }: { play: Play }) {
  const [isEditing, setIsEditing] = useState(false)
  const setTitle = useSetTitle(play.id)

  if (isEditing) {
    return (
      <TitleField
        title={play.title}
        onEnd={(title) => {
          setIsEditing(false)
          if (title !== undefined && title !== play.title) setTitle.mutate(title)
        }}
      />
    )
  }
  return (
    <div className="flex min-w-0 items-center gap-0.5">
      <h1 className="min-w-0 truncate text-[15px] font-semibold tracking-tight" title={play.title}>
        {setTitle.isPending ? setTitle.variables : play.title}
      </h1>
      <Button look="quiet" icon="pencil" iconOnly refusal={refusal('set_title', play.state)} onClick={() => setIsEditing(true)}>
        Rename
      </Button>
    </div>
  )
}

/** Enter or leaving the field gives a good title, everything else none. */
function TitleField({ title, onEnd }: { title: string; onEnd: (title: string | undefined) => void }) {
  const [draft, setDraft] = useState(title)
  const field = useRef<HTMLInputElement>(null)
  const isOver = useRef(false)
  const parsed = titleSchema.safeParse(draft)
  useEffect(() => {
    field.current?.focus()
    field.current?.select()
  }, [])
  const end = (keep: boolean) => {
    // Leaving by a key takes the field away, which blurs it.
    if (isOver.current) return
    isOver.current = true
    onEnd(keep ? parsed.data : undefined)
  }
  return (
    <input
      ref={field}
      aria-label="Title"
      aria-invalid={!parsed.success}
      title={parsed.success ? undefined : 'A title has 1 to 120 characters.'}
      className="h-8 w-72 max-w-full min-w-0 rounded-md border border-line-strong bg-raised px-2 text-[15px] font-semibold aria-invalid:border-bad"
      value={draft}
      maxLength={120}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={() => end(true)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') end(true)
        if (event.key === 'Escape') end(false)
      }}
    />
  )
}

import type { Play } from '@ramet/model/api/wire.ts'
import { useState } from 'react'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { ErrorNotice } from '../ui/notice.tsx'
import { Picker } from '../ui/picker.tsx'
import { useLiveClone } from './use-run-action.ts'

interface LiveCloneDialogProps {
  readonly play: Play
  readonly isOpen: boolean
  readonly onClose: () => void
}

const mostAtOnce = 10
const counts = Array.from({ length: mostAtOnce }, (_, at) => {
  const value = String(at + 1)
  return { value, text: value }
})

/** Clones a run while it runs: says what of it the clones get, and asks how many. */
export function LiveCloneDialog({ play, isOpen, onClose }: LiveCloneDialogProps) {
  const [count, setCount] = useState('1')
  const clone = useLiveClone(play.id)
  const machines = ['its machine', 'both machines'][play.machines.length - 1] ?? `all ${play.machines.length} machines`
  const close = () => {
    clone.reset()
    onClose()
  }
  return (
    <Dialog
      isOpen={isOpen}
      onClose={close}
      title="Clone as it runs"
      about={`Memory, processes and connections of ${machines} are captured at one instant, and the drives with them. Each clone goes on from there by itself; ${play.title} pauses for a blink and runs on.`}
    >
      <form
        className="mt-4 flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          clone.mutate(Number(count), { onSuccess: close })
        }}
      >
        <div className="flex items-center gap-2.5 text-[13px]">
          <Picker label="How many clones" value={count} options={counts} onPick={setCount} />
          {count === '1' ? 'clone' : 'clones, all from the same instant'}
        </div>
        {clone.error && <ErrorNotice error={clone.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" icon="clone" type="submit" isBusy={clone.isPending}>
            Clone
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

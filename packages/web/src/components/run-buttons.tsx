import { refusal } from '@ramet/model/run-state.ts'
import type { Play } from '@ramet/model/wire.ts'
import { useState } from 'react'
import { useClone, useDestroy, useRestart, useStop } from '../hooks/use-run-action.ts'
import { Ask } from './ask.tsx'
import { Button } from './button.tsx'
import { SaveDialog } from './save-dialog.tsx'

/** What may be done to a run. What may not be done now says why. A run at rest is continued, any other one is stopped. */
export function RunButtons({ play }: { play: Play }) {
  const stop = useStop(play.id)
  const restart = useRestart(play.id)
  const noRestart = refusal('restart', play.state)
  return (
    <>
      {noRestart === undefined ? (
        <Button icon="play" isBusy={restart.isPending} onClick={restart.mutate}>
          Continue
        </Button>
      ) : (
        <Button icon="stop" refusal={refusal('stop', play.state)} isBusy={stop.isPending} onClick={stop.mutate}>
          Stop
        </Button>
      )}
      <CloneButton play={play} />
      <SaveButton play={play} />
      <DestroyButton play={play} />
    </>
  )
}

function CloneButton({ play }: { play: Play }) {
  const clone = useClone(play.id)
  return (
    <Button icon="clone" iconOnly refusal={refusal('clone', play.state)} isBusy={clone.isPending} onClick={clone.mutate}>
      Clone
    </Button>
  )
}

function SaveButton({ play }: { play: Play }) {
  const [isOpen, setIsOpen] = useState(false)
  return (
    <>
      <Button icon="save" iconOnly refusal={refusal('save', play.state)} onClick={() => setIsOpen(true)}>
        Save as playground
      </Button>
      <SaveDialog play={play} isOpen={isOpen} onClose={() => setIsOpen(false)} />
    </>
  )
}

function DestroyButton({ play }: { play: Play }) {
  const [isAsking, setIsAsking] = useState(false)
  const destroy = useDestroy(play.id)
  return (
    <>
      <Button icon="trash" refusal={refusal('destroy', play.state)} isBusy={destroy.isPending} onClick={() => setIsAsking(true)}>
        Destroy
      </Button>
      <Ask
        isOpen={isAsking}
        onClose={() => setIsAsking(false)}
        question={`Destroy ${play.title}?`}
        about="Its machines and every file on their drives are removed for good. Clones of it and playgrounds saved from it keep theirs. To keep the files, stop the run instead."
        verb="Destroy"
        onYes={destroy.mutate}
      />
    </>
  )
}

import type { Play } from '@ramet/model/api/wire.ts'
import { refusal } from '@ramet/model/run/run-state.ts'
import { useState } from 'react'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { LiveCloneDialog } from './live-clone-dialog.tsx'
import { SaveDialog } from './save-dialog.tsx'
import { useBoot, useClone, useDestroy, useRestart, useShutDown, useStop } from './use-run-action.ts'

/** Buttons for a run's actions. A disabled one says why. A run at rest has Continue, any other Stop. */
export function RunButtons({ play }: { play: Play }) {
  return (
    <>
      {refusal('restart', play.state) === undefined ? <UpButtons play={play} /> : <DownButtons play={play} />}
      {refusal('clone_live', play.state) === undefined ? <LiveCloneButton play={play} /> : <CloneButton play={play} />}
      <SaveButton play={play} />
      <DestroyButton play={play} />
    </>
  )
}

function UpButtons({ play }: { play: Play }) {
  const restart = useRestart(play.id)
  const boot = useBoot(play.id)
  return (
    <>
      <Button icon="play" isBusy={restart.isPending} onClick={restart.mutate}>
        Continue
      </Button>
      {play.snapshot && (
        <AskedButton
          name="Boot without its memory"
          refusal={refusal('boot', play.state)}
          isBusy={boot.isPending}
          question={`Boot ${play.title}?`}
          about="Its machines start anew from their drives. What was kept of their memory, with every process in it, is given up."
          verb="Boot"
          onYes={boot.mutate}
        />
      )}
    </>
  )
}

function DownButtons({ play }: { play: Play }) {
  const stop = useStop(play.id)
  const shutDown = useShutDown(play.id)
  return (
    <>
      <Button icon="stop" refusal={refusal('stop', play.state)} isBusy={stop.isPending} onClick={stop.mutate}>
        Stop
      </Button>
      <AskedButton
        name="Shut down without keeping its memory"
        refusal={refusal('shut_down', play.state)}
        isBusy={shutDown.isPending}
        question={`Shut down ${play.title}?`}
        about="Its guests end every process and power off; files on their drives are kept. To go on later where it is now, stop the run instead."
        verb="Shut down"
        onYes={shutDown.mutate}
      />
    </>
  )
}

interface AskedButtonProps {
  readonly name: string
  readonly refusal: string | undefined
  readonly isBusy: boolean
  readonly question: string
  readonly about: string
  readonly verb: string
  readonly onYes: () => void
}

/** Powers on or off without the memory. Running programs are lost, so it asks first. */
function AskedButton({ name, refusal: why, isBusy, ...ask }: AskedButtonProps) {
  const [isAsking, setIsAsking] = useState(false)
  return (
    <>
      <Button icon="power" iconOnly refusal={why} isBusy={isBusy} onClick={() => setIsAsking(true)}>
        {name}
      </Button>
      <Ask isOpen={isAsking} onClose={() => setIsAsking(false)} {...ask} />
    </>
  )
}

function LiveCloneButton({ play }: { play: Play }) {
  const [isOpen, setIsOpen] = useState(false)
  return (
    <>
      <Button icon="clone" iconOnly onClick={() => setIsOpen(true)}>
        Clone as it runs
      </Button>
      <LiveCloneDialog play={play} isOpen={isOpen} onClose={() => setIsOpen(false)} />
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

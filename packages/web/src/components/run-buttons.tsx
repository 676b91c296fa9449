import { AlertDialog } from '@base-ui/react/alert-dialog'
import { refusal } from '@ramet/model/run-state.ts'
import type { Play } from '@ramet/model/wire.ts'
import { useState } from 'react'
import { useDestroy, useRestart, useStop } from '../hooks/use-run-action.ts'
import { Button } from './button.tsx'

/** Stop, restart and destroy. What may not be done now says why. */
export function RunButtons({ play }: { play: Play }) {
  const stop = useStop(play.id)
  const restart = useRestart(play.id)
  return (
    <>
      <Button icon="stop" refusal={refusal('stop', play.state)} isBusy={stop.isPending} onClick={stop.mutate}>
        Stop
      </Button>
      <Button icon="restart" refusal={refusal('restart', play.state)} isBusy={restart.isPending} onClick={restart.mutate}>
        Restart
      </Button>
      <DestroyButton play={play} />
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
      <AlertDialog.Root open={isAsking} onOpenChange={setIsAsking}>
        <AlertDialog.Portal>
          <AlertDialog.Backdrop className="fixed inset-0 z-40 bg-black/50 transition-opacity data-ending-style:opacity-0 data-starting-style:opacity-0" />
          <AlertDialog.Popup className="fixed top-1/2 left-1/2 z-40 w-[min(26rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2 rounded-xl border border-line-strong bg-raised p-5 shadow-2xl shadow-black/40 transition-opacity data-ending-style:opacity-0 data-starting-style:opacity-0">
            <AlertDialog.Title className="text-base font-semibold wrap-anywhere">Destroy {play.title}?</AlertDialog.Title>
            <AlertDialog.Description className="mt-1.5 text-[13px] text-muted">
              Its machines and every file on their drives are removed for good. To keep the files, stop the run instead.
            </AlertDialog.Description>
            <div className="mt-5 flex justify-end gap-2">
              <Button onClick={() => setIsAsking(false)}>Cancel</Button>
              <Button
                look="danger"
                onClick={() => {
                  setIsAsking(false)
                  destroy.mutate()
                }}
              >
                Destroy
              </Button>
            </div>
          </AlertDialog.Popup>
        </AlertDialog.Portal>
      </AlertDialog.Root>
    </>
  )
}

import { AlertDialog } from '@base-ui/react/alert-dialog'
import { Button } from './button.tsx'
import { backdropClass, popupClass } from './dialog.tsx'

interface AskProps {
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly question: string
  readonly about: string
  /** On the button that does it. */
  readonly verb: string
  readonly onYes: () => void
}

/** Asks once before something is gone for good. */
export function Ask({ isOpen, onClose, question, about, verb, onYes }: AskProps) {
  return (
    <AlertDialog.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={backdropClass} />
        <AlertDialog.Popup className={`${popupClass} w-[min(26rem,calc(100vw-2rem))]`}>
          <AlertDialog.Title className="text-base font-semibold wrap-anywhere">{question}</AlertDialog.Title>
          <AlertDialog.Description className="mt-1.5 text-[13px] text-muted">{about}</AlertDialog.Description>
          <div className="mt-5 flex justify-end gap-2">
            <Button onClick={onClose}>Cancel</Button>
            <Button
              look="danger"
              onClick={() => {
                onClose()
                onYes()
              }}
            >
              {verb}
            </Button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}

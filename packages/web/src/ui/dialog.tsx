import { Dialog as BaseDialog } from '@base-ui/react/dialog'
import type { ReactNode } from 'react'

export const backdropClass =
  'fixed inset-0 z-40 bg-black/50 transition-opacity data-ending-style:opacity-0 data-starting-style:opacity-0'
export const popupClass =
  'fixed top-1/2 left-1/2 z-40 max-h-[calc(100dvh-2rem)] -translate-x-1/2 -translate-y-1/2 overflow-y-auto rounded-xl border border-line-strong bg-raised p-5 shadow-2xl shadow-black/40 transition-opacity data-ending-style:opacity-0 data-starting-style:opacity-0'

interface DialogProps {
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly title: string
  readonly about: string
  /** For what is read rather than filled in. */
  readonly isWide?: boolean
  readonly children: ReactNode
}

/** A form over the page. Escape, a click beside it and its own Cancel close it. */
export function Dialog({ isOpen, onClose, title, about, isWide = false, children }: DialogProps) {
  return (
    <BaseDialog.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className={backdropClass} />
        <BaseDialog.Popup
          className={`${popupClass} ${isWide ? 'w-[min(46rem,calc(100vw-2rem))]' : 'w-[min(30rem,calc(100vw-2rem))]'}`}
        >
          <BaseDialog.Title className="text-base font-semibold wrap-anywhere">{title}</BaseDialog.Title>
          <BaseDialog.Description className="mt-1 text-[13px] text-muted">{about}</BaseDialog.Description>
          {children}
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  )
}

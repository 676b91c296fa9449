import { Toast } from '@base-ui/react/toast'
import { RametError } from '@ramet/model/errors/error.ts'
import { visibleText } from '@ramet/model/units/visible-text.ts'
import { Icon } from './icons.tsx'

const toasts = Toast.createToastManager()

/** Shows a failed action: what happened, and what to do about it. */
export function toastError(error: unknown): void {
  const hint = error instanceof RametError ? error.hint : undefined
  toasts.add({
    title: visibleText(error instanceof Error ? error.message : String(error)),
    description: hint && visibleText(hint),
    priority: 'high',
    timeout: 10_000,
  })
}

/** Tells that something is done whose result is elsewhere. */
export function toast(title: string, description?: string): void {
  toasts.add({ title, description, type: 'done', timeout: 6_000 })
}

export function Toasts({ children }: { children: React.ReactNode }) {
  return (
    <Toast.Provider toastManager={toasts}>
      {children}
      <Toast.Portal>
        <Toast.Viewport className="fixed right-4 bottom-4 z-50 flex w-[min(24rem,calc(100vw-2rem))] flex-col gap-2">
          <ToastList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  )
}

function ToastList() {
  return Toast.useToastManager().toasts.map((toast) => (
    <Toast.Root
      key={toast.id}
      toast={toast}
      className="rounded-lg border border-line-strong bg-raised shadow-xl shadow-black/25 transition-opacity data-ending-style:opacity-0 data-starting-style:opacity-0"
    >
      <Toast.Content className="flex items-start gap-2.5 p-3">
        <Icon
          name={toast.type === 'done' ? 'check' : 'alert'}
          className={`mt-0.5 ${toast.type === 'done' ? 'text-accent' : 'text-bad'}`}
        />
        <div className="min-w-0 flex-1">
          <Toast.Title className="text-[13px] font-medium" />
          <Toast.Description className="mt-0.5 text-xs text-muted" />
        </div>
        <Toast.Close aria-label="Dismiss" className="rounded text-faint hover:text-ink">
          <Icon name="close" />
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ))
}

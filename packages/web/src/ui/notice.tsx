import type { Failure } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { visibleText } from '@ramet/model/units/visible-text.ts'
import type { ReactNode } from 'react'
import { Icon } from './icons.tsx'

/** What went wrong and what to do about it. */
export function FailureNotice({ failure, children }: { failure: Pick<Failure, 'message' | 'hint'>; children?: ReactNode }) {
  return (
    <div role="alert" className="flex items-start gap-2.5 rounded-lg border border-bad/25 bg-bad-soft px-3 py-2.5 text-[13px]">
      <Icon name="alert" className="mt-0.5 text-bad" />
      <div className="min-w-0 flex-1 wrap-anywhere">
        <p className="text-ink">{visibleText(failure.message)}</p>
        {failure.hint && <p className="mt-0.5 text-muted">{visibleText(failure.hint)}</p>}
      </div>
      {children}
    </div>
  )
}

export function ErrorNotice({ error, children }: { error: unknown; children?: ReactNode }) {
  const message = error instanceof Error ? error.message : String(error)
  const hint = error instanceof RametError ? error.hint : undefined
  return <FailureNotice failure={{ message, hint }}>{children}</FailureNotice>
}

import type { ReactNode } from 'react'

/** A titled part of the details. */
export function Part({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="px-4 py-4 sm:px-5" aria-label={title}>
      <div className="mb-2.5 flex items-center justify-between gap-2">
        <h2 className="text-[13px] font-semibold wrap-anywhere">{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  )
}

/** Names and values in two columns; values that are undefined are left out. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-[7.25rem_1fr] gap-x-3 gap-y-1 text-[13px]">
      {facts.map(([name, value]) =>
        value === undefined ? null : (
          <div key={name} className="contents">
            <dt className="text-faint">{name}</dt>
            <dd className="min-w-0 wrap-anywhere">{value}</dd>
          </div>
        ),
      )}
    </dl>
  )
}

export const Mono = ({ children }: { children: string }) => <span className="font-mono text-xs">{children}</span>

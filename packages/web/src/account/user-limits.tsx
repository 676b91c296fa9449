import { allowanceTable, formatAllowance } from '@ramet/model/access/allowances.ts'
import { useQuery } from '@tanstack/react-query'
import { queries } from '../api/queries.ts'

/** What an admin allows whoever asks, and how much of it there is. Nothing is shown of nothing. */
export function UserLimits() {
  const { data: usage } = useQuery(queries.usage())
  if (!usage || usage.allowances.length === 0) return null
  return (
    <section aria-label="Limits">
      <h2 className="text-[15px] font-semibold tracking-tight">Limits</h2>
      <p className="mt-1 text-[13px] text-muted">An admin of this server has set what you may have at a time.</p>
      <ul className="mt-3 divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface text-[13px]">
        {usage.allowances.map(({ name, most, used }) => (
          <li key={name} className="flex justify-between gap-4 px-4 py-2">
            <span>{allowanceTable[name].counts}</span>
            <span className="text-muted">
              {used === undefined ? '' : `${formatAllowance(name, used)} of `}
              {formatAllowance(name, most)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

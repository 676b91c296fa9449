import { visibleLine } from '@ramet/model/units/visible-text.ts'
import { useQuery } from '@tanstack/react-query'
import { queries } from '../api/queries.ts'
import { Icon } from '../ui/icons.tsx'

/** Folders of the team's catalogue that cannot be taken as they are, with each fault and its place; nothing when all are good. */
export function BrokenPlaygrounds() {
  const { data } = useQuery(queries.catalog())
  if (!data || data.broken.length === 0) return null
  return (
    <div role="alert" className="mb-4 rounded-lg border border-bad/25 bg-bad-soft px-3 py-2.5 text-[13px]">
      {data.broken.map(({ name, problems }) => (
        <div key={name} className="flex items-start gap-2.5 not-first:mt-2">
          <Icon name="alert" className="mt-0.5 text-bad" />
          <div className="min-w-0 flex-1 wrap-anywhere">
            <p className="text-ink">{visibleLine(name)} of the team’s folder is broken</p>
            <ul className="mt-0.5 text-muted">
              {problems.map(({ where = '', message, code }) => (
                <li key={`${where} ${code} ${message}`}>
                  {where !== '' && <span className="font-mono text-xs">{visibleLine(where)} </span>}
                  {visibleLine(message)}
                </li>
              ))}
            </ul>
          </div>
        </div>
      ))}
    </div>
  )
}

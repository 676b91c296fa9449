import type { Playground } from '@ramet/model/api/wire.ts'
import { outOfReach } from '@ramet/model/plan/needs.ts'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { queries } from '../api/queries.ts'
import { Heading } from '../ui/heading.tsx'
import { ErrorNotice } from '../ui/notice.tsx'
import { Placeholder } from '../ui/placeholder.tsx'
import { BrokenPlaygrounds } from './broken-playgrounds.tsx'
import { anyPlayground, choosePlaygrounds } from './choose-playgrounds.ts'
import { PlaygroundCard } from './playground-card.tsx'
import { PlaygroundFilter } from './playground-filter.tsx'

/** Everything that can be started. */
export function Catalogue() {
  const { data: playgrounds, error } = useQuery(queries.playgrounds())
  const { data: me } = useQuery(queries.me())
  const [choice, setChoice] = useState(anyPlayground)
  const shown = choosePlaygrounds(playgrounds ?? [], choice)
  const groups: [string, Playground[]][] = [
    ['Your playgrounds', shown.filter(({ owner }) => owner !== '' && owner === me?.id)],
    ['Shared with you', shown.filter(({ owner }) => owner !== '' && owner !== me?.id)],
    ['Your team’s', shown.filter(({ owner, team }) => owner === '' && team)],
    ['Official', shown.filter(({ owner, team }) => owner === '' && !team)],
  ]
  const filled = groups.filter(([, members]) => members.length > 0)
  return (
    <section aria-labelledby="catalogue">
      <Heading id="catalogue">Catalogue</Heading>
      {error && !playgrounds && <ErrorNotice error={error} />}
      {!playgrounds && !error && <Placeholder />}
      <BrokenPlaygrounds />
      {playgrounds?.length === 0 && <p className="text-[13px] text-muted">There are no playgrounds to start from.</p>}
      {playgrounds && playgrounds.length > 0 && (
        <PlaygroundFilter playgrounds={playgrounds} choice={choice} onChoice={setChoice} />
      )}
      {playgrounds && playgrounds.length > 0 && shown.length === 0 && (
        <p className="text-[13px] text-muted">
          No playground goes with that.{' '}
          <button type="button" className="text-accent underline underline-offset-2" onClick={() => setChoice(anyPlayground)}>
            Show all
          </button>
        </p>
      )}
      {filled.map(([title, members]) => (
        <Cards key={title} playgrounds={members} title={filled.length > 1 ? title : undefined} />
      ))}
    </section>
  )
}

function Cards({ playgrounds, title }: { playgrounds: readonly Playground[]; title: string | undefined }) {
  // Those that cannot be started now come last.
  const ordered = playgrounds.toSorted((a, b) => outOfReach(a).length - outOfReach(b).length)
  return (
    <div className="mb-6 last:mb-0">
      {title && <h3 className="mb-2 text-[13px] text-muted">{title}</h3>}
      <ul className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3" aria-label={title}>
        {ordered.map((playground) => (
          <PlaygroundCard key={playground.name} playground={playground} />
        ))}
      </ul>
    </div>
  )
}

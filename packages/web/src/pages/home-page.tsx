import type { Playground } from '@ramet/model/api/wire.ts'
import { useQuery } from '@tanstack/react-query'
import { queries } from '../api/queries.ts'
import { Builds } from '../playgrounds/builds.tsx'
import { PlaygroundCard } from '../playgrounds/playground-card.tsx'
import { RunRow } from '../run/run-row.tsx'
import { ErrorNotice } from '../ui/notice.tsx'
import { usePageTitle } from '../ui/use-page-title.ts'

/** The user's runs, and the catalogue to start new ones from. */
export function HomePage() {
  usePageTitle(undefined)
  return (
    <div className="mx-auto flex w-full max-w-5xl flex-col gap-10 px-4 py-8 sm:px-6">
      <Builds />
      <Runs />
      <Catalogue />
    </div>
  )
}

function Runs() {
  const { data: runs, error } = useQuery(queries.plays())
  return (
    <section aria-labelledby="runs">
      <Heading id="runs" count={runs?.length}>
        Runs
      </Heading>
      {error && !runs && <ErrorNotice error={error} />}
      {!runs && !error && <Placeholder />}
      {runs?.length === 0 && (
        <div className="rounded-xl border border-dashed border-line-strong px-6 py-10 text-center">
          <p className="font-medium">No runs yet</p>
          <p className="mx-auto mt-1 max-w-md text-[13px] text-muted">
            A run is your own living copy of a playground: real Linux machines to work in, stop and pick up later. Start one from
            the{' '}
            <a href="#catalogue" className="rounded text-accent underline underline-offset-2">
              catalogue
            </a>{' '}
            below.
          </p>
        </div>
      )}
      {runs && runs.length > 0 && (
        <ul className="divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface">
          {runs.map((play) => (
            <RunRow key={play.id} play={play} />
          ))}
        </ul>
      )}
    </section>
  )
}

function Catalogue() {
  const { data: playgrounds, error } = useQuery(queries.playgrounds())
  const own = playgrounds?.filter(({ owner }) => owner !== '') ?? []
  const official = playgrounds?.filter(({ owner }) => owner === '') ?? []
  return (
    <section aria-labelledby="catalogue">
      <Heading id="catalogue">Catalogue</Heading>
      {error && !playgrounds && <ErrorNotice error={error} />}
      {!playgrounds && !error && <Placeholder />}
      {playgrounds?.length === 0 && <p className="text-[13px] text-muted">There are no playgrounds to start from.</p>}
      <Cards playgrounds={own} title={own.length > 0 ? 'Your playgrounds' : undefined} />
      <Cards playgrounds={official} title={own.length > 0 ? 'Official' : undefined} />
    </section>
  )
}

function Cards({ playgrounds, title }: { playgrounds: readonly Playground[]; title: string | undefined }) {
  if (playgrounds.length === 0) return null
  return (
    <div className="mb-6 last:mb-0">
      {title && <h3 className="mb-2 text-[13px] text-muted">{title}</h3>}
      <ul className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3" aria-label={title}>
        {playgrounds.map((playground) => (
          <PlaygroundCard key={playground.name} playground={playground} />
        ))}
      </ul>
    </div>
  )
}

function Heading({ id, count, children }: { id: string; count?: number | undefined; children: string }) {
  return (
    <div className="mb-3 flex items-baseline gap-2">
      <h2 id={id} className="scroll-mt-6 text-[15px] font-semibold tracking-tight">
        {children}
      </h2>
      {count !== undefined && count > 0 && <span className="tabular text-[13px] text-faint">{count}</span>}
    </div>
  )
}

const Placeholder = () => <div aria-hidden="true" className="breathing h-16 rounded-xl bg-line/50" />

import { useQuery } from '@tanstack/react-query'
import { queries } from '../api/queries.ts'
import { Builds } from '../playgrounds/builds.tsx'
import { Catalogue } from '../playgrounds/catalogue.tsx'
import { RunRow } from '../run/run-row.tsx'
import { Heading } from '../ui/heading.tsx'
import { ErrorNotice } from '../ui/notice.tsx'
import { Placeholder } from '../ui/placeholder.tsx'
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

import { useQuery } from '@tanstack/react-query'
import { queries } from '../api/queries.ts'
import { ImageRow } from '../images/image-row.tsx'
import { PullImage } from '../images/pull-image.tsx'
import { UnusedImages } from '../images/unused-images.tsx'
import { ErrorNotice } from '../ui/notice.tsx'
import { usePageTitle } from '../ui/use-page-title.ts'

/** What drives begin from: what is here, how big it is and who uses it; the rest can be had. */
export function ImagesPage() {
  usePageTitle('Images')
  const { data: images, error } = useQuery(queries.images())
  const here = images?.filter(({ state }) => state !== 'absent') ?? []
  // Partitioned forms of an image are made by themselves, and would only hide the rest.
  const others = images?.filter(({ name, state }) => state === 'absent' && !/\+(mbr|gpt)$/.test(name)) ?? []
  return (
    <div className="mx-auto flex w-full max-w-5xl flex-col gap-8 px-4 py-8 sm:px-6">
      <div className="flex flex-wrap items-end justify-between gap-4">
        <div>
          <h1 className="text-[15px] font-semibold tracking-tight">Images</h1>
          <p className="mt-1 text-[13px] text-muted">What the drives of machines begin from. Runs keep what they need of them.</p>
        </div>
        <PullImage />
      </div>
      {error && !images && <ErrorNotice error={error} />}
      <UnusedImages images={here} />
      {here.length > 0 && <List images={here} title="Here" />}
      {others.length > 0 && <List images={others} title="Fetched or built when a run needs them" />}
    </div>
  )
}

function List({ images, title }: { images: readonly Parameters<typeof ImageRow>[0]['image'][]; title: string }) {
  return (
    <section aria-label={title}>
      <h2 className="mb-2 text-[13px] text-muted">{title}</h2>
      <ul className="divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface">
        {images.map((image) => (
          <ImageRow key={image.name} image={image} />
        ))}
      </ul>
    </section>
  )
}

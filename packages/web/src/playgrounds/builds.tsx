import type { Image } from '@ramet/model/api/host.ts'
import { useMutation, useQuery } from '@tanstack/react-query'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { FailureNotice } from '../ui/notice.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'
import { toastError } from '../ui/toasts.tsx'

const kinds: Record<Image['kind'], string> = { image: 'Image', 'kernel-pack': 'Kernel pack' }

/** Images and kernel packs being built, and those whose build failed; nothing when all is well. */
export function Builds() {
  const { data: images = [] } = useQuery(queries.images())
  const shown = images.filter(({ state }) => state === 'building' || state === 'failed')
  if (shown.length === 0) return null
  return (
    <section aria-label="Builds" className="rounded-xl border border-line bg-surface px-4 py-3">
      <p className="text-[13px] text-muted">
        {shown.some(({ state }) => state === 'building')
          ? 'Being prepared, once for this server. Runs that need it wait by themselves.'
          : 'Some of what runs need could not be prepared.'}
      </p>
      <ul className="mt-3 flex flex-col gap-3.5">
        {shown.map((image) => (
          <Build key={image.name} image={image} />
        ))}
      </ul>
    </section>
  )
}

function Build({ image }: { image: Image }) {
  const title = `${kinds[image.kind]} ${image.name}`
  const again = useMutation({ mutationFn: () => client.images.build(image.name), onError: toastError })
  if (image.error) {
    return (
      <li>
        <FailureNotice failure={image.error}>
          <Button icon="refresh" isBusy={again.isPending} onClick={again.mutate}>
            Build again
          </Button>
        </FailureNotice>
      </li>
    )
  }
  const progress = image.progress ?? { step: 'build', message: 'Waiting for its turn' }
  return (
    <li className="grid items-center gap-x-4 gap-y-1 sm:grid-cols-[14rem_1fr]">
      <span className="truncate text-[13px] font-medium" title={image.description}>
        {title}
      </span>
      <ProgressBar progress={progress} label={title} />
    </li>
  )
}

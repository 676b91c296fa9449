import type { Image } from '@ramet/model/api/host.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { toastError } from '../ui/toasts.tsx'

/** Fetch or build it, anew if it is here; remove it. */
export function ImageButtons({ image: { name, state, digest } }: { image: Image }) {
  const cache = useQueryClient()
  const [isAsking, setIsAsking] = useState(false)
  const refresh = () => void cache.invalidateQueries({ queryKey: queries.images().queryKey })
  const build = useMutation({ mutationFn: () => client.images.build(name), onSettled: refresh, onError: toastError })
  const remove = useMutation({ mutationFn: () => client.images.remove(name), onSettled: refresh, onError: toastError })
  const isFromRegistry = digest !== undefined || name.startsWith('oci://')
  return (
    <div className="flex flex-wrap gap-1.5">
      <Button
        icon="refresh"
        isBusy={build.isPending}
        refusal={state === 'building' ? 'It is under way' : undefined}
        onClick={build.mutate}
      >
        {isFromRegistry ? 'Pull' : state === 'ready' ? 'Build again' : 'Build'}
      </Button>
      {(state === 'ready' || digest !== undefined) && (
        <Button icon="trash" iconOnly look="quiet" isBusy={remove.isPending} onClick={() => setIsAsking(true)}>
          Remove
        </Button>
      )}
      <Ask
        isOpen={isAsking}
        onClose={() => setIsAsking(false)}
        question={`Remove ${name}?`}
        about="A start that needs it fetches or builds it again. Runs and playgrounds keep what they need of it."
        verb="Remove"
        onYes={remove.mutate}
      />
    </div>
  )
}

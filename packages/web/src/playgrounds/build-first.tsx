import type { Image } from '@ramet/model/api/host.ts'
import type { Playground } from '@ramet/model/api/wire.ts'
import { imageOf } from '@ramet/model/plan/run-plan.ts'
import { whyNoStart } from '@ramet/model/plan/why-no-start.ts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { toast, toastError } from '../ui/toasts.tsx'

/** Images of a playground that a start does not build by itself, and that are not here. A saved one may start all the same: its drives have content of their own. */
export function useUnbuilt({ machines }: Playground): readonly Image[] {
  const { data: images = [] } = useQuery(queries.images())
  const sources = new Set(machines.flatMap(({ drives }) => drives.flatMap((drive) => imageOf(drive) ?? [])))
  return images.filter((image) => sources.has(image.name) && whyNoStart(image) !== undefined)
}

interface BuildFirstProps {
  readonly unbuilt: readonly Image[]
  readonly isOpen: boolean
  readonly onClose: () => void
}

/** After a start was refused for want of an image: what its build costs, and the button that begins it. */
export function BuildFirst({ unbuilt, isOpen, onClose }: BuildFirstProps) {
  const cache = useQueryClient()
  const build = useMutation({
    mutationFn: () => Promise.all(unbuilt.map(({ name }) => client.images.build(name))),
    onSuccess() {
      toast('The image is being built', 'Start the playground again: the run waits for it by itself.')
      onClose()
    },
    onSettled: () => void cache.invalidateQueries({ queryKey: queries.images().queryKey }),
    onError: toastError,
  })
  const names = unbuilt.map(({ name }) => name).join(', ')
  return (
    <Dialog isOpen={isOpen} onClose={onClose} title={`Build ${names} first?`} about={unbuilt.map(({ costs }) => costs).join(' ')}>
      <p className="mt-3 text-[13px] text-muted">It is built once for this server, and it goes on when this page is closed.</p>
      <div className="mt-5 flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" isBusy={build.isPending} onClick={build.mutate}>
          Build
        </Button>
      </div>
    </Dialog>
  )
}

import type { Playground } from '@ramet/model/api/wire.ts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../api/client.ts'
import { refreshCopies } from '../api/live.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/text-field.tsx'
import { toastError } from '../ui/toasts.tsx'

/** To whom a playground is offered: he takes it or not, and its owner may think again. */
export function Offer({ playground: { name, title, role, ownerName, offeredTo } }: { playground: Playground }) {
  const cache = useQueryClient()
  const { data: me } = useQuery(queries.me())
  const onSuccess = () => void refreshCopies(cache)
  const answer = useMutation({
    mutationFn: (take: boolean) => client.playgrounds.answerOffer(name, take),
    onSuccess,
    onError: toastError,
  })
  const cancel = useMutation({ mutationFn: () => client.playgrounds.offer(name, undefined), onSuccess, onError: toastError })
  if (offeredTo === undefined) return null
  const ofTitle = <span className="sr-only">{title}</span>
  return (
    <div className="mt-3 flex flex-wrap items-center gap-2 rounded-md border border-line px-2.5 py-1.5 text-xs">
      {role !== 'owner' && offeredTo === me?.name ? (
        <>
          <p className="flex-1">{ownerName} offers it to you.</p>
          <Button look="quiet" isBusy={answer.isPending} onClick={() => answer.mutate(false)}>
            Decline {ofTitle}
          </Button>
          <Button isBusy={answer.isPending} onClick={() => answer.mutate(true)}>
            Take {ofTitle}
          </Button>
        </>
      ) : (
        <>
          <p className="flex-1">Offered to {offeredTo}; yours until it is taken.</p>
          <Button look="quiet" isBusy={cancel.isPending} onClick={() => cancel.mutate()}>
            Take back {ofTitle}
          </Button>
        </>
      )}
    </div>
  )
}

/** Within the dialog of sharing, for its owner: who writes it too, and who is to have it. */
export function AuthorFields({ playground, onDone }: { playground: Playground; onDone: () => void }) {
  const cache = useQueryClient()
  const [coAuthors, setCoAuthors] = useState(playground.coAuthors?.join(', ') ?? '')
  const [to, setTo] = useState('')
  const onSuccess = () => {
    void refreshCopies(cache)
    onDone()
  }
  const change = useMutation({
    mutationFn: () => client.playgrounds.change(playground.name, { coAuthors: coAuthors.split(/[\s,]+/).filter(Boolean) }),
    onSuccess,
    onError: toastError,
  })
  const offer = useMutation({
    mutationFn: () => client.playgrounds.offer(playground.name, to.trim()),
    onSuccess,
    onError: toastError,
  })
  return (
    <details className="mt-4 border-t border-line pt-3">
      <summary className="cursor-pointer text-[13px] font-medium">Co-authors, another owner</summary>
      <form
        className="mt-3 flex items-end gap-2"
        onSubmit={(event) => {
          event.preventDefault()
          change.mutate()
        }}
      >
        <div className="flex-1">
          <TextField label="Co-authors" value={coAuthors} onChange={setCoAuthors} isMono placeholder="ann, bob" />
        </div>
        <Button type="submit" isBusy={change.isPending}>
          Save
        </Button>
      </form>
      <p className="mt-1 text-xs text-faint">They change it and share it; they neither remove it nor give it away.</p>
      <form
        className="mt-3 flex items-end gap-2"
        onSubmit={(event) => {
          event.preventDefault()
          offer.mutate()
        }}
      >
        <div className="flex-1">
          <TextField label="New owner" value={to} onChange={setTo} isMono placeholder="bob" />
        </div>
        <Button
          type="submit"
          isBusy={offer.isPending}
          refusal={to.trim() === '' ? 'Write the name of the new owner.' : undefined}
        >
          Offer
        </Button>
      </form>
      <p className="mt-1 text-xs text-faint">It is yours until it is taken. What it takes on the disk counts as theirs then.</p>
    </details>
  )
}

import type { Playground } from '@ramet/model/api/wire.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../api/client.ts'
import { refreshCopies } from '../api/live.ts'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { toast, toastError } from '../ui/toasts.tsx'
import { type PlaygroundTexts, textsOf, toBody } from './playground-texts.ts'
import { ShareButton } from './share-button.tsx'
import { TextsForm } from './texts-form.tsx'

/** Share, edit and, of one's own, remove. */
export function OwnPlaygroundButtons({ playground }: { playground: Playground }) {
  return (
    <>
      <ShareButton playground={playground} />
      <EditButton playground={playground} />
      {playground.role === 'owner' && <RemoveButton playground={playground} />}
    </>
  )
}

function EditButton({ playground }: { playground: Playground }) {
  const cache = useQueryClient()
  const [isOpen, setIsOpen] = useState(false)
  const close = () => {
    edit.reset()
    setIsOpen(false)
  }
  const edit = useMutation({
    mutationFn: (texts: PlaygroundTexts) => client.playgrounds.change(playground.name, toBody(texts)),
    onSuccess() {
      void refreshCopies(cache)
      setIsOpen(false)
    },
  })
  return (
    <>
      <Button look="quiet" icon="pencil" iconOnly onClick={() => setIsOpen(true)}>
        Edit
      </Button>
      <Dialog
        isOpen={isOpen}
        onClose={close}
        title={`Edit ${playground.name}`}
        about="What is said of it can be changed; what it is made of never is, so that everybody who starts it gets the same."
      >
        <TextsForm
          isNew={false}
          verb="Save changes"
          texts={textsOf(playground)}
          isBusy={edit.isPending}
          error={edit.error}
          onSubmit={edit.mutate}
          onCancel={close}
        />
      </Dialog>
    </>
  )
}

function RemoveButton({ playground: { name, title } }: { playground: Playground }) {
  const cache = useQueryClient()
  const [isAsking, setIsAsking] = useState(false)
  const remove = useMutation({
    mutationFn: () => client.playgrounds.remove(name),
    onSuccess({ runs, playgrounds }) {
      void refreshCopies(cache)
      const goOn = [
        runs.length > 0 ? `Runs that go on: ${runs.map((run) => run.title).join(', ')}.` : '',
        playgrounds.length > 0 ? `Playgrounds that stay: ${playgrounds.join(', ')}.` : '',
      ]
      toast(`${name} was removed`, goOn.filter(Boolean).join(' ') || undefined)
    },
    onError: toastError,
  })
  return (
    <>
      <Button look="quiet" icon="trash" iconOnly isBusy={remove.isPending} onClick={() => setIsAsking(true)}>
        Remove
      </Button>
      <Ask
        isOpen={isAsking}
        onClose={() => setIsAsking(false)}
        question={`Remove ${title}?`}
        about="Nobody can start it any more. Runs and playgrounds that were made from it keep everything they have."
        verb="Remove"
        onYes={remove.mutate}
      />
    </>
  )
}

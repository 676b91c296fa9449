import type { Play } from '@ramet/model/api/wire.ts'
import { savedTitle, subjectOfTitle } from '@ramet/model/run/run-title.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { client } from '../api/client.ts'
import { refreshCopies } from '../api/live.ts'
import { nameFor, type PlaygroundTexts, toBody } from '../playgrounds/playground-texts.ts'
import { TextsForm } from '../playgrounds/texts-form.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { toast } from '../ui/toasts.tsx'

interface SaveDialogProps {
  readonly play: Play
  readonly isOpen: boolean
  readonly onClose: () => void
}

/** Saves a run at rest as a playground. */
export function SaveDialog({ play, isOpen, onClose }: SaveDialogProps) {
  const cache = useQueryClient()
  const save = useMutation({
    mutationFn: (texts: PlaygroundTexts) => client.plays.save(play.id, { name: texts.name, ...toBody(texts) }),
    onSuccess({ name }) {
      void refreshCopies(cache)
      toast(`Saved as ${name}`, 'It is in the catalogue now, under your playgrounds.')
      onClose()
    },
  })
  const close = () => {
    save.reset()
    onClose()
  }
  const run = { ...play, playgroundTitle: play.playground.title }
  return (
    <Dialog
      isOpen={isOpen}
      onClose={close}
      title="Save as playground"
      about={`Runs started from it begin with what the drives of ${play.title} hold now. The run itself stays.`}
    >
      <TextsForm
        isNew
        verb="Save"
        texts={{
          name: nameFor(subjectOfTitle(run)),
          title: savedTitle(run),
          description: '',
          categories: '',
          markdown: '',
        }}
        isBusy={save.isPending}
        error={save.error}
        onSubmit={save.mutate}
        onCancel={close}
      />
    </Dialog>
  )
}

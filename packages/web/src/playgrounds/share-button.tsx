import { namesIn, sharedWith, type Visibility, visibilityOf } from '@ramet/model/access/sharing.ts'
import type { Playground } from '@ramet/model/api/wire.ts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../api/client.ts'
import { refreshCopies } from '../api/live.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { ErrorNotice } from '../ui/notice.tsx'
import { TextField } from '../ui/text-field.tsx'
import { AuthorFields } from './offer.tsx'

const choices: readonly (readonly [Visibility, title: string, about: string])[] = [
  ['private', 'Private', 'Nobody but you sees it.'],
  ['limited', 'Some people', 'They see it in their catalogue and can start it.'],
  ['public', 'Public', 'Everybody with an account on this server can start it.'],
]

/** Says who else may see and start a playground of one's own. */
export function ShareButton({ playground }: { playground: Playground }) {
  const cache = useQueryClient()
  const [isOpen, setIsOpen] = useState(false)
  const [chosen, setChosen] = useState<Visibility>(playground.visibility)
  const [names, setNames] = useState('')
  const { data: groups = [] } = useQuery({ ...queries.groups(), enabled: isOpen })
  const share = useMutation({
    mutationFn: () => client.playgrounds.change(playground.name, { accessControl: listsOf(chosen, names) }),
    onSuccess() {
      void refreshCopies(cache)
      setIsOpen(false)
    },
  })
  const open = () => {
    setChosen(playground.visibility)
    setNames(playground.accessControl ? namesIn(playground.accessControl).join(', ') : '')
    share.reset()
    setIsOpen(true)
  }
  const isIncomplete = chosen === 'limited' && visibilityOf(listsOf(chosen, names)) === 'private'
  return (
    <>
      <Button look="quiet" icon="share" iconOnly onClick={open}>
        Share
      </Button>
      <Dialog
        isOpen={isOpen}
        onClose={() => setIsOpen(false)}
        title={`Share ${playground.title}`}
        about="Whoever starts it gets a run of their own. Your runs are never shared."
      >
        <form
          className="mt-4 flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault()
            if (!isIncomplete) share.mutate()
          }}
        >
          <fieldset className="flex flex-col gap-2">
            <legend className="sr-only">Who may start it</legend>
            {choices.map(([value, title, about]) => (
              <label
                key={value}
                className="flex cursor-pointer items-start gap-2.5 rounded-md border border-line px-3 py-2 has-checked:border-accent"
              >
                <input
                  type="radio"
                  name="visibility"
                  className="mt-0.5 accent-accent"
                  checked={chosen === value}
                  onChange={() => setChosen(value)}
                />
                <span>
                  <span className="block text-[13px] font-medium">{title}</span>
                  <span className="block text-xs text-muted">{about}</span>
                </span>
              </label>
            ))}
          </fieldset>
          {chosen === 'limited' && (
            <>
              <TextField
                label="Their names"
                value={names}
                onChange={setNames}
                isMono
                placeholder="ann, bob"
                about="As they sign in, with commas between; group:NAME is all who are in a group."
              />
              {groups.length > 0 && <GroupChoices all={groups.map(({ name }) => name)} names={names} onChange={setNames} />}
            </>
          )}
          {playground.savedFrom && chosen !== 'private' && (
            <p className="rounded-md border border-line px-3 py-2 text-xs text-muted">
              What was saved goes along as it is: files, users, keys and shell history on its drives.
            </p>
          )}
          {share.isError && <ErrorNotice error={share.error} />}
          <div className="flex justify-end gap-2">
            <Button onClick={() => setIsOpen(false)}>Cancel</Button>
            <Button
              type="submit"
              look="primary"
              isBusy={share.isPending}
              refusal={isIncomplete ? 'Write the name of at least one person.' : undefined}
            >
              Share
            </Button>
          </div>
        </form>
        {playground.role === 'owner' && <AuthorFields playground={playground} onDone={() => setIsOpen(false)} />}
      </Dialog>
    </>
  )
}

/** One's groups, as a click instead of a word. */
function GroupChoices({ all, names, onChange }: { all: readonly string[]; names: string; onChange: (names: string) => void }) {
  const chosen = namesOf(names)
  const toggle = (word: string) =>
    onChange((chosen.includes(word) ? chosen.filter((each) => each !== word) : [...chosen, word]).join(', '))
  return (
    <fieldset className="flex flex-wrap gap-x-4 gap-y-1 text-[13px]">
      <legend className="mb-1 font-medium">Your groups</legend>
      {all.map((name) => (
        <label key={name} className="flex cursor-pointer items-center gap-1.5">
          <input
            type="checkbox"
            className="accent-accent"
            checked={chosen.includes(`group:${name}`)}
            onChange={() => toggle(`group:${name}`)}
          />
          {name}
        </label>
      ))}
    </fieldset>
  )
}

const namesOf = (text: string) => text.split(/[\s,]+/).filter(Boolean)

function listsOf(visibility: Visibility, names: string) {
  const people = namesOf(names)
  return sharedWith(visibility === 'public' ? 'everybody' : visibility === 'limited' ? people : [])
}

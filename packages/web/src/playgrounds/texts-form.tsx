import { useState } from 'react'
import { Button } from '../ui/button.tsx'
import { ErrorNotice } from '../ui/notice.tsx'
import { TextField } from '../ui/text-field.tsx'
import { type Faults, faultsIn, faultsOf, type PlaygroundTexts } from './playground-texts.ts'

interface TextsFormProps {
  readonly texts: PlaygroundTexts
  /** A new one has a name to be chosen. */
  readonly isNew: boolean
  readonly verb: string
  readonly isBusy: boolean
  /** Of the last attempt. */
  readonly error: unknown
  readonly onSubmit: (texts: PlaygroundTexts) => void
  readonly onCancel: () => void
}

/** What is said of a playground. Faults stand at their fields once somebody tried to go on with them. */
export function TextsForm({ texts: given, isNew, verb, isBusy, error, onSubmit, onCancel }: TextsFormProps) {
  const [texts, setTexts] = useState(given)
  const [wasTried, setWasTried] = useState(false)
  /** What was sent when the server refused: its faults are told until the field is another. */
  const [sent, setSent] = useState(given)
  const own = faultsOf(texts, isNew)
  const refused: Faults = faultsIn(error) ?? {}
  const faultAt = (field: keyof PlaygroundTexts) =>
    (wasTried ? own[field] : undefined) ?? (texts[field] === sent[field] ? refused[field] : undefined)
  const field = (name: keyof PlaygroundTexts) => ({
    value: texts[name],
    fault: faultAt(name),
    onChange: (value: string) => setTexts({ ...texts, [name]: value }),
  })
  return (
    <form
      noValidate
      className="mt-4 flex flex-col gap-3.5"
      onSubmit={(event) => {
        event.preventDefault()
        setWasTried(true)
        if (Object.keys(own).length > 0) return
        setSent(texts)
        onSubmit(texts)
      }}
    >
      {isNew && (
        <TextField
          label="Name"
          isMono
          about="Lower-case letters, digits and hyphens. It is started by this name."
          {...field('name')}
        />
      )}
      <TextField label="Title" {...field('title')} />
      <TextField label="Description" lines={2} {...field('description')} />
      <TextField
        label="Categories"
        about="Several are separated by commas."
        placeholder="linux, networking"
        {...field('categories')}
      />
      {!isNew && <TextField label="Page (Markdown)" lines={5} isMono {...field('markdown')} />}
      {error !== null && error !== undefined && faultsIn(error) === undefined && <ErrorNotice error={error} />}
      <div className="mt-1 flex justify-end gap-2">
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" look="primary" isBusy={isBusy}>
          {verb}
        </Button>
      </div>
    </form>
  )
}

import type { ZodType } from 'zod'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/text-field.tsx'

interface NameFormProps {
  label: string
  /** Of the button. */
  verb: string
  placeholder: string
  /** What to do while there is no name. */
  unnamed: string
  schema: ZodType<string>
  name: string
  onName: (name: string) => void
  onSubmit: () => void
  isBusy: boolean
  look?: 'primary'
}

/** One line that gives a new thing its name: names of users and groups, in small letters. */
export function NameForm({ label, verb, placeholder, unnamed, schema, name, onName, onSubmit, isBusy, look }: NameFormProps) {
  const checked = schema.safeParse(name)
  return (
    <form
      className="flex w-full items-start gap-2 sm:w-80"
      onSubmit={(event) => {
        event.preventDefault()
        if (checked.success) onSubmit()
      }}
    >
      <div className="flex-1">
        <TextField
          label={label}
          value={name}
          onChange={(text) => onName(text.toLowerCase())}
          isMono
          placeholder={placeholder}
          fault={name === '' || checked.success ? undefined : `The name ${checked.error.issues[0]?.message}.`}
        />
      </div>
      <div className="mt-6">
        <Button type="submit" {...(look ? { look } : {})} isBusy={isBusy} refusal={name === '' ? unnamed : undefined}>
          {verb}
        </Button>
      </div>
    </form>
  )
}

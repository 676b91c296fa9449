import { Field } from '@base-ui/react/field'
import type { ReactNode } from 'react'

interface TextFieldProps {
  readonly label: string
  /** What is wrong with it, told below it. */
  readonly fault?: ReactNode
  readonly about?: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly lines?: number
  readonly isMono?: boolean
  /** It is not shown. What a password manager may fill in. */
  readonly secret?: 'current-password' | 'new-password'
  /** Of what is no secret; default: nothing is filled in. */
  readonly autoComplete?: 'username'
  readonly placeholder?: string
}

/** A field with its label above and what is to be said of it below. */
export function TextField({
  label,
  fault,
  about,
  value,
  onChange,
  lines = 1,
  isMono = false,
  placeholder,
  secret,
  autoComplete,
}: TextFieldProps) {
  const look = `w-full rounded-md border bg-surface px-2.5 text-[13px] placeholder:text-faint ${isMono ? 'font-mono' : ''} ${fault ? 'border-bad' : 'border-line-strong'}`
  return (
    <Field.Root invalid={fault !== undefined} className="flex flex-col gap-1">
      <Field.Label className="text-[13px] font-medium">{label}</Field.Label>
      {lines > 1 ? (
        <Field.Control
          render={<textarea rows={lines} />}
          className={`${look} resize-y py-2 leading-relaxed`}
          value={value}
          placeholder={placeholder}
          onValueChange={onChange}
        />
      ) : (
        <Field.Control
          className={`${look} h-8`}
          value={value}
          placeholder={placeholder}
          type={secret ? 'password' : 'text'}
          autoComplete={secret ?? autoComplete ?? 'off'}
          spellCheck={!isMono && !secret}
          onValueChange={onChange}
        />
      )}
      {fault ? (
        <Field.Error match className="text-xs text-bad">
          {fault}
        </Field.Error>
      ) : (
        about && <Field.Description className="text-xs text-faint">{about}</Field.Description>
      )}
    </Field.Root>
  )
}

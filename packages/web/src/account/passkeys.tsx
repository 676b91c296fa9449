import type { Passkey } from '@ramet/model/api/sign-in.ts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/text-field.tsx'
import { toastError } from '../ui/toasts.tsx'

/** Passkeys of one's own: added, named, removed. */
export function Passkeys() {
  const cache = useQueryClient()
  const { data: ways } = useQuery(queries.signInWays())
  const { data: passkeys } = useQuery(queries.passkeys())
  const [name, setName] = useState('')
  const refresh = () => cache.invalidateQueries({ queryKey: queries.passkeys().queryKey })
  const add = useMutation({
    async mutationFn() {
      const { startRegistration } = await import('@simplewebauthn/browser')
      const { ticket, options } = await client.passkeys.askToAdd()
      const answer = await startRegistration({ optionsJSON: options as never })
      return client.passkeys.add({ ticket, name: name.trim(), answer: { ...answer } })
    },
    onSuccess() {
      setName('')
      return refresh()
    },
    onError: toastError,
  })
  if (!ways || !passkeys) return null
  const unnamed = name.trim() === '' ? 'Name it first, such as by the device that keeps it.' : undefined
  return (
    <section aria-label="Passkeys">
      <h2 className="text-[15px] font-semibold tracking-tight">Passkeys</h2>
      <p className="mt-1 mb-3 text-[13px] text-muted">
        {ways.passkeys.whyNot ?? 'A passkey signs you in by a finger, a face or a PIN, without a password.'}
      </p>
      {passkeys.length > 0 && (
        <ul className="mb-3 divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface">
          {passkeys.map((passkey) => (
            <PasskeyRow key={passkey.id} passkey={passkey} onChanged={refresh} />
          ))}
        </ul>
      )}
      <div className="flex flex-wrap items-end gap-3">
        <TextField label="Name of a new passkey" value={name} onChange={setName} placeholder="laptop" />
        <Button refusal={ways.passkeys.whyNot ?? unnamed} isBusy={add.isPending} onClick={() => add.mutate()}>
          Add a passkey
        </Button>
      </div>
    </section>
  )
}

function PasskeyRow({ passkey: { id, name, usedAt, isBackedUp }, onChanged }: { passkey: Passkey; onChanged: () => unknown }) {
  const [text, setText] = useState<string>()
  const how = { onSuccess: onChanged, onError: toastError }
  const rename = useMutation({ mutationFn: (to: string) => client.passkeys.rename(id, to), ...how })
  const remove = useMutation({ mutationFn: () => client.passkeys.remove(id), ...how })
  const save = () => {
    if (text?.trim()) rename.mutate(text.trim())
    setText(undefined)
  }
  return (
    <li className="flex flex-wrap items-center gap-3 px-4 py-2.5 text-[13px]">
      {text === undefined ? (
        <span className="flex-1">
          <span className="font-medium">{name}</span>{' '}
          <span className="text-muted">
            {usedAt ? `used on ${new Date(usedAt).toLocaleDateString()}` : 'not used so far'}
            {!isBackedUp && ' · on one device alone'}
          </span>
        </span>
      ) : (
        <div className="flex-1">
          <TextField label="New name" value={text} onChange={setText} />
        </div>
      )}
      <Button look="quiet" isBusy={rename.isPending} onClick={() => (text === undefined ? setText(name) : save())}>
        {text === undefined ? 'Rename' : 'Save'} <span className="sr-only">{name}</span>
      </Button>
      <Button look="quiet" isBusy={remove.isPending} onClick={() => remove.mutate()}>
        Remove <span className="sr-only">{name}</span>
      </Button>
    </li>
  )
}

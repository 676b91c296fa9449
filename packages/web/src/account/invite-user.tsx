import { pages } from '@ramet/model/api/routes.ts'
import { type Invitation, userNameSchema } from '@ramet/model/api/users.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { CopyText } from '../ui/copy-button.tsx'
import { TextField } from '../ui/text-field.tsx'
import { toastError } from '../ui/toasts.tsx'

/** Makes a user, and shows the link to send. */
export function InviteUser({ onInvited }: { onInvited: (name: string, invitation: Invitation) => void }) {
  const cache = useQueryClient()
  const [name, setName] = useState('')
  const create = useMutation({
    mutationFn: () => client.users.create({ name }),
    onSuccess(made) {
      setName('')
      onInvited(made.name, made.invitation)
      void cache.invalidateQueries({ queryKey: queries.users().queryKey })
    },
    onError: toastError,
  })
  const checked = userNameSchema.safeParse(name)
  return (
    <form
      className="flex w-full items-start gap-2 sm:w-80"
      onSubmit={(event) => {
        event.preventDefault()
        if (checked.success) create.mutate()
      }}
    >
      <div className="flex-1">
        <TextField
          label="Invite somebody"
          value={name}
          onChange={(text) => setName(text.toLowerCase())}
          isMono
          placeholder="ann"
          fault={name === '' || checked.success ? undefined : `The name ${checked.error.issues[0]?.message}.`}
        />
      </div>
      <div className="mt-6">
        <Button
          type="submit"
          look="primary"
          isBusy={create.isPending}
          refusal={name === '' ? 'Write the name that the person will sign in with.' : undefined}
        >
          Invite
        </Button>
      </div>
    </form>
  )
}

/** The link, which is shown this once. */
export function InvitationLink({ name, invitation }: { name: string; invitation: Invitation }) {
  return (
    <div role="status" className="rounded-xl border border-line-strong bg-raised px-4 py-3 text-[13px]">
      <p>
        Send this link to <strong>{name}</strong>. It lets one browser in, once, until {invitation.expiresAt.slice(0, 10)}, and is
        not shown again.
      </p>
      <div className="mt-2">
        <CopyText text={location.origin + pages.login(invitation.token)} what={`the invitation of ${name}`} />
      </div>
    </div>
  )
}

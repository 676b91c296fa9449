import { pages } from '@ramet/model/api/routes.ts'
import { type Invitation, userNameSchema } from '@ramet/model/api/users.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { CopyText } from '../ui/copy-button.tsx'
import { toastError } from '../ui/toasts.tsx'
import { NameForm } from './name-form.tsx'

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
  return (
    <NameForm
      label="Invite somebody"
      verb="Invite"
      placeholder="ann"
      unnamed="Write the name that the person will sign in with."
      schema={userNameSchema}
      name={name}
      onName={setName}
      onSubmit={create.mutate}
      isBusy={create.isPending}
      look="primary"
    />
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

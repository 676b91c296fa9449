import type { Me } from '@ramet/model/api/host.ts'
import type { ChangeUser, Invitation, UserAccount } from '@ramet/model/api/users.ts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { ErrorNotice } from '../ui/notice.tsx'
import { toastError } from '../ui/toasts.tsx'
import { InvitationLink, InviteUser } from './invite-user.tsx'

/** Who there is, for admins. */
export function UserList({ me }: { me: Me }) {
  const { data: users, error } = useQuery(queries.users())
  const [invited, setInvited] = useState<{ name: string; invitation: Invitation }>()
  const onInvited = (name: string, invitation: Invitation) => setInvited({ name, invitation })
  return (
    <section aria-label="People">
      <div className="mb-3 flex flex-wrap items-end justify-between gap-4">
        <div>
          <h2 className="text-[15px] font-semibold tracking-tight">People</h2>
          <p className="mt-1 text-[13px] text-muted">
            Each has runs of their own, which nobody else can enter. Admins manage people, images and the host.
          </p>
        </div>
        <InviteUser onInvited={onInvited} />
      </div>
      {invited && (
        <div className="mb-3">
          <InvitationLink {...invited} />
        </div>
      )}
      {error && !users && <ErrorNotice error={error} />}
      {users && (
        <ul className="divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface">
          {users.map((user) => (
            <UserRow key={user.id} user={user} isMe={user.id === me.id} onInvited={onInvited} />
          ))}
        </ul>
      )}
    </section>
  )
}

interface UserRowProps {
  readonly user: UserAccount
  readonly isMe: boolean
  readonly onInvited: (name: string, invitation: Invitation) => void
}

function UserRow({ user, isMe, onInvited }: UserRowProps) {
  const cache = useQueryClient()
  const [isAsked, setIsAsked] = useState(false)
  const refresh = () => void cache.invalidateQueries({ queryKey: queries.users().queryKey })
  const change = useMutation({
    mutationFn: (to: ChangeUser) => client.users.change(user.name, to),
    onSuccess: refresh,
    onError: toastError,
  })
  const remove = useMutation({ mutationFn: () => client.users.remove(user.name), onSuccess: refresh, onError: toastError })
  const invite = useMutation({
    mutationFn: () => client.users.invite(user.name),
    onSuccess(invitation) {
      onInvited(user.name, invitation)
      refresh()
    },
    onError: toastError,
  })
  const isDisabled = user.disabledAt !== undefined
  const name = <span className="sr-only">{user.name}</span>
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-2.5">
      <div className="min-w-40 flex-1">
        <p className="text-[13px] font-medium">
          {user.name} {isMe && <span className="font-normal text-faint">(you)</span>}
        </p>
        <p className="text-xs text-muted">{aboutUser(user)}</p>
      </div>
      {!isMe && (
        <div className="flex flex-wrap gap-2">
          {!isDisabled && (
            <Button look="quiet" isBusy={invite.isPending} onClick={() => invite.mutate()}>
              New link {name}
            </Button>
          )}
          <Button
            look="quiet"
            isBusy={change.isPending}
            onClick={() => change.mutate({ role: user.role === 'admin' ? 'member' : 'admin' })}
          >
            Make {user.role === 'admin' ? 'a member' : 'an admin'} {name}
          </Button>
          <Button look="quiet" isBusy={change.isPending} onClick={() => change.mutate({ disabled: !isDisabled })}>
            {isDisabled ? 'Enable' : 'Disable'} {name}
          </Button>
          <Button
            look="quiet"
            isBusy={remove.isPending}
            refusal={
              user.runs + user.playgrounds > 0
                ? `${user.name} still has ${countOf(user.runs, 'run')} and ${countOf(user.playgrounds, 'playground')}. Disable the account to lock it and keep them.`
                : undefined
            }
            onClick={() => setIsAsked(true)}
          >
            Remove {name}
          </Button>
        </div>
      )}
      <Ask
        isOpen={isAsked}
        onClose={() => setIsAsked(false)}
        question={`Remove ${user.name}?`}
        about="The account, its tokens and its keys are gone. The name is free again."
        verb="Remove"
        onYes={() => remove.mutate()}
      />
    </li>
  )
}

const countOf = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`

/** One line of facts. */
function aboutUser({ role, disabledAt, invitedUntil, hasPassword, runs, playgrounds }: UserAccount): string {
  const account = disabledAt ? 'disabled' : invitedUntil ? `invited until ${invitedUntil.slice(0, 10)}` : undefined
  return [role, account, hasPassword ? undefined : 'no password', countOf(runs, 'run'), countOf(playgrounds, 'playground')]
    .filter((each) => each !== undefined)
    .join(' · ')
}

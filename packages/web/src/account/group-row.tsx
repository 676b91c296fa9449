import type { Group, GroupLink } from '@ramet/model/api/groups.ts'
import type { Me } from '@ramet/model/api/host.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { toastError } from '../ui/toasts.tsx'

interface GroupRowProps {
  readonly group: Group
  readonly me: Me
  readonly onLink: (link: GroupLink) => void
}

/** Links of a class are for so many. */
const classSize = 30

/** One group. Its owner, and admins, see who is in it. */
export function GroupRow({ group: { name, ownerName, memberCount, isMember, members, links = [] }, me, onLink }: GroupRowProps) {
  const cache = useQueryClient()
  const [isAsked, setIsAsked] = useState(false)
  const refresh = () => void cache.invalidateQueries({ queryKey: queries.groups().queryKey })
  const invite = useMutation({
    mutationFn: (limit: number) => client.groups.invite(name, { limit }),
    onSuccess(link) {
      onLink(link)
      refresh()
    },
    onError: toastError,
  })
  const take = useMutation({
    mutationFn: (member: string) => client.groups.removeMember(name, member),
    onSuccess: refresh,
    onError: toastError,
  })
  const close = useMutation({ mutationFn: () => client.groups.closeLinks(name), onSuccess: refresh, onError: toastError })
  const remove = useMutation({ mutationFn: () => client.groups.remove(name), onSuccess: refresh, onError: toastError })
  const mayChange = members !== undefined
  const ofName = <span className="sr-only">of {name}</span>
  return (
    <li aria-label={name} className="px-4 py-2.5">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <div className="min-w-40 flex-1">
          <p className="text-[13px] font-medium">{name}</p>
          <p className="text-xs text-muted">
            {ownerName === me.name ? 'yours' : `of ${ownerName}`} · {memberCount} {memberCount === 1 ? 'member' : 'members'}
            {links.length > 0 && ` · ${links.reduce((sum, { left }) => sum + left, 0)} more may come in by a link`}
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          {mayChange && (
            <>
              <Button look="quiet" isBusy={invite.isPending} onClick={() => invite.mutate(1)}>
                Link for one {ofName}
              </Button>
              <Button look="quiet" isBusy={invite.isPending} onClick={() => invite.mutate(classSize)}>
                Link for {classSize} {ofName}
              </Button>
              {links.length > 0 && (
                <Button look="quiet" isBusy={close.isPending} onClick={() => close.mutate()}>
                  End links {ofName}
                </Button>
              )}
              <Button look="quiet" isBusy={remove.isPending} onClick={() => setIsAsked(true)}>
                Remove group {ofName}
              </Button>
            </>
          )}
          {isMember && ownerName !== me.name && (
            <Button look="quiet" isBusy={take.isPending} onClick={() => take.mutate(me.name)}>
              Leave {ofName}
            </Button>
          )}
        </div>
      </div>
      {mayChange && memberCount > 1 && (
        <details className="mt-1">
          <summary className="cursor-pointer text-xs text-muted">Members {ofName}</summary>
          <ul className="mt-1 flex flex-wrap gap-1.5">
            {members
              .filter((member) => member.name !== ownerName)
              .map((member) => (
                <li key={member.name} className="flex items-center gap-1 rounded bg-hover pl-2 text-xs">
                  {member.name}
                  <Button look="quiet" icon="trash" iconOnly isBusy={take.isPending} onClick={() => take.mutate(member.name)}>
                    {`Take ${member.name} out`}
                  </Button>
                </li>
              ))}
          </ul>
        </details>
      )}
      <Ask
        isOpen={isAsked}
        onClose={() => setIsAsked(false)}
        question={`Remove ${name}?`}
        about="What was shared with it is shared with it no longer. Runs of its members go on."
        verb="Remove"
        onYes={() => remove.mutate()}
      />
    </li>
  )
}

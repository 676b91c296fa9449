import { type Group, type GroupLink, groupNameSchema } from '@ramet/model/api/groups.ts'
import type { Me } from '@ramet/model/api/host.ts'
import { pages } from '@ramet/model/api/routes.ts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { CopyText } from '../ui/copy-button.tsx'
import { ErrorNotice } from '../ui/notice.tsx'
import { toastError } from '../ui/toasts.tsx'
import { GroupRow } from './group-row.tsx'
import { NameForm } from './name-form.tsx'

/** Classes and teams: one's own, those that one is in, and for admins all. */
export function GroupList({ me }: { me: Me }) {
  const { data: groups, error } = useQuery(queries.groups())
  const [link, setLink] = useState<{ group: Group; link: GroupLink }>()
  return (
    <section aria-label="Groups">
      <div className="mb-3 flex flex-wrap items-end justify-between gap-4">
        <div>
          <h2 className="text-[15px] font-semibold tracking-tight">Groups</h2>
          <p className="mt-1 text-[13px] text-muted">A class or a team: share a playground with all of it at once.</p>
        </div>
        <MakeGroup />
      </div>
      {link && (
        <div role="status" className="mb-3 rounded-xl border border-line-strong bg-raised px-4 py-3 text-[13px]">
          <p>
            This link lets {link.link.left === 1 ? 'one person' : `${link.link.left} people`} of this server into{' '}
            <strong>{link.group.name}</strong> until {link.link.expiresAt.slice(0, 10)}, and is not shown again.
          </p>
          <div className="mt-2">
            <CopyText text={location.origin + pages.joinGroup(link.link.token)} what={`the link into ${link.group.name}`} />
          </div>
        </div>
      )}
      {error && !groups && <ErrorNotice error={error} />}
      {groups && groups.length > 0 && (
        <ul className="divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface">
          {groups.map((group) => (
            <GroupRow key={group.id} group={group} me={me} onLink={(made) => setLink({ group, link: made })} />
          ))}
        </ul>
      )}
    </section>
  )
}

function MakeGroup() {
  const cache = useQueryClient()
  const [name, setName] = useState('')
  const create = useMutation({
    mutationFn: () => client.groups.create({ name }),
    onSuccess() {
      setName('')
      void cache.invalidateQueries({ queryKey: queries.groups().queryKey })
    },
    onError: toastError,
  })
  return (
    <NameForm
      label="New group"
      verb="Make"
      placeholder="class-1"
      unnamed="Write a name for the group."
      schema={groupNameSchema}
      name={name}
      onName={setName}
      onSubmit={create.mutate}
      isBusy={create.isPending}
    />
  )
}

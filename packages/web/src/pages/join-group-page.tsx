import { groupTokenOf } from '@ramet/model/api/groups.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { client } from '../api/client.ts'
import { Button } from '../ui/button.tsx'
import { ErrorNotice, FailureNotice } from '../ui/notice.tsx'
import { toast } from '../ui/toasts.tsx'
import { usePageTitle } from '../ui/use-page-title.ts'

/** Asks before it joins: a link alone does nothing. Whoever opened it without a login is here again after one. */
export function JoinGroupPage() {
  usePageTitle('Join a group')
  const cache = useQueryClient()
  const navigate = useNavigate()
  const token = groupTokenOf(location.hash)
  const join = useMutation({
    mutationFn: (given: string) => client.groups.join(given),
    onSuccess({ name, ownerName }) {
      toast(`You are in ${name}`, `What ${ownerName} shares with it is in your catalogue.`)
      void cache.invalidateQueries()
      void navigate({ to: '/' })
    },
  })
  return (
    <div className="mx-auto flex w-full max-w-md flex-col gap-4 px-4 py-16">
      <h1 className="text-lg font-semibold tracking-tight">You were invited into a group</h1>
      <p className="text-[13px] text-muted">
        Its members start what is shared with it. Your runs stay your own; its owner sees your name, and may take you out again.
      </p>
      {token === undefined && <FailureNotice failure={{ message: 'This link is not complete.' }} />}
      {join.isError && <ErrorNotice error={join.error} />}
      <div>
        <Button
          look="primary"
          isBusy={join.isPending}
          refusal={token === undefined ? 'Open the whole link that you were sent.' : undefined}
          onClick={() => token !== undefined && join.mutate(token)}
        >
          Join
        </Button>
      </div>
    </div>
  )
}

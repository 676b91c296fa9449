import type { ExposePortRequest } from '@ramet/model/api/ports.ts'
import { pages } from '@ramet/model/api/routes.ts'
import { useMutation } from '@tanstack/react-query'
import { client } from '../api/client.ts'
import { Button } from '../ui/button.tsx'
import { ErrorNotice } from '../ui/notice.tsx'

interface OpenPortProps {
  readonly runId: string
  readonly port: ExposePortRequest
  readonly label: string
}

/** Publishes a port, if it is not yet, and opens it in a window of its own: its pages are the guest's, and strangers to this app's. */
export function OpenPort({ runId, port, label }: OpenPortProps) {
  const open = useMutation({
    mutationFn: () => client.ports.expose(runId, port),
    onSuccess({ hostname, url, access }) {
      window.open(access === 'public' ? url : pages.enterPort(hostname.split('.')[0] ?? ''), '_blank', 'noopener')
    },
  })
  return (
    <div className="mt-3">
      <Button onClick={() => open.mutate()} isBusy={open.isPending}>
        Open {label}
      </Button>
      {open.error && <ErrorNotice error={open.error} />}
    </div>
  )
}

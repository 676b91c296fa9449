import type { ProviderId } from '@ramet/model/api/sign-in.ts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { toastError } from '../ui/toasts.tsx'

/** Accounts elsewhere by which one signs in. */
export function Identities() {
  const cache = useQueryClient()
  const { data: ways } = useQuery(queries.signInWays())
  const { data: identities } = useQuery(queries.identities())
  const connect = useMutation({
    mutationFn: (provider: ProviderId) => client.signIns.connect(provider, '/account'),
    onSuccess: ({ url }) => location.assign(url),
    onError: toastError,
  })
  const disconnect = useMutation({
    mutationFn: (id: string) => client.signIns.disconnect(id),
    onSuccess: () => cache.invalidateQueries({ queryKey: queries.identities().queryKey }),
    onError: toastError,
  })
  if (!ways || !identities || (ways.providers.length === 0 && identities.length === 0)) return null
  return (
    <section aria-label="Accounts elsewhere">
      <h2 className="text-[15px] font-semibold tracking-tight">Accounts elsewhere</h2>
      <p className="mt-1 mb-3 text-[13px] text-muted">They sign you in here.</p>
      {identities.length > 0 && (
        <ul className="mb-3 divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface">
          {identities.map(({ id, issuer, name }) => (
            <li key={id} className="flex flex-wrap items-center gap-3 px-4 py-2.5 text-[13px]">
              <span className="flex-1">
                <span className="font-medium">{name}</span> <span className="text-muted">at {new URL(issuer).hostname}</span>
              </span>
              <Button look="quiet" isBusy={disconnect.isPending} onClick={() => disconnect.mutate(id)}>
                Disconnect <span className="sr-only">{name}</span>
              </Button>
            </li>
          ))}
        </ul>
      )}
      <div className="flex flex-wrap gap-2">
        {ways.providers.map(({ id, label }) => (
          <Button key={id} isBusy={connect.isPending} onClick={() => connect.mutate(id)}>
            Connect {label}
          </Button>
        ))}
      </div>
    </section>
  )
}

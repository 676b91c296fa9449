import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { wantedPath } from '../api/wanted-path.ts'
import { Button } from '../ui/button.tsx'
import { ErrorNotice } from '../ui/notice.tsx'

/** Sign-in without a password: by a passkey, and by those who say who people are. */
export function OtherWays() {
  const { data: ways } = useQuery(queries.signInWays())
  const cache = useQueryClient()
  const leave = useMutation({
    mutationFn: (provider: string) => client.signIns.begin(provider, wantedPath()),
    onSuccess: ({ url }) => location.assign(url),
  })
  const passkey = useMutation({
    async mutationFn() {
      const { startAuthentication } = await import('@simplewebauthn/browser')
      const { ticket, options } = await client.passkeys.askToUse()
      const answer = await startAuthentication({ optionsJSON: options as never })
      return client.passkeys.use({ ticket, answer: { ...answer } })
    },
    onSuccess: () => cache.resetQueries(queries.me()),
  })
  if (!ways) return null
  const error = passkey.error ?? leave.error
  return (
    <div className="mt-5 flex flex-col gap-2">
      <Button refusal={ways.passkeys.whyNot} isBusy={passkey.isPending} onClick={() => passkey.mutate()}>
        Sign in with a passkey
      </Button>
      {ways.passkeys.whyNot !== undefined && <p className="text-xs text-muted">{ways.passkeys.whyNot}</p>}
      {ways.providers.map(({ id, label }) => (
        <Button key={id} isBusy={leave.isPending} onClick={() => leave.mutate(id)}>
          Sign in with {label}
        </Button>
      ))}
      {error && <ErrorNotice error={error} />}
    </div>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { AllRuns } from '../account/all-runs.tsx'
import { GroupList } from '../account/group-list.tsx'
import { Identities } from '../account/identities.tsx'
import { Passkeys } from '../account/passkeys.tsx'
import { SetPassword } from '../account/set-password.tsx'
import { UserLimits } from '../account/user-limits.tsx'
import { UserList } from '../account/user-list.tsx'
import { queries } from '../api/queries.ts'
import { usePageTitle } from '../ui/use-page-title.ts'

/** One's own account; for admins the others too. */
export function AccountPage() {
  usePageTitle('Account')
  const { data: me } = useQuery(queries.me())
  if (!me) return null
  return (
    <div className="mx-auto flex w-full max-w-5xl flex-col gap-10 px-4 py-8 sm:px-6">
      <div>
        <h1 className="text-lg font-semibold tracking-tight">{me.name}</h1>
        <p className="mt-1 text-[13px] text-muted">
          {me.role === 'admin' ? 'You are an admin of this server.' : 'You are a member of this server.'}
        </p>
        <Link to="/audit" className="mt-1 inline-block rounded text-[13px] text-accent underline">
          {me.role === 'admin' ? 'What people did on this server' : 'What was done by you, and to what is yours'}
        </Link>
      </div>
      {me.role === 'admin' && <UserList me={me} />}
      <GroupList me={me} />
      {me.role === 'admin' && <AllRuns />}
      <UserLimits />
      <SetPassword me={me} />
      <Passkeys />
      <Identities />
    </div>
  )
}

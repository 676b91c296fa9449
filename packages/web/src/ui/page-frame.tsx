import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, Outlet } from '@tanstack/react-router'
import { useEffect } from 'react'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { isNotAuthenticated, noticeLoginLink } from '../api/session.ts'
import { useLiveEvents } from '../api/use-live-events.ts'
import { askedPath, wantedPath } from '../api/wanted-path.ts'
import { LoginPage } from '../pages/login-page.tsx'
import { AcceleratorBadge } from './accelerator-badge.tsx'
import { Button } from './button.tsx'
import { Mark } from './icons.tsx'
import { toastError } from './toasts.tsx'

/** Every page's frame, and the gate before it: nothing is shown to nobody. */
export function PageFrame() {
  const cache = useQueryClient()
  const me = useQuery({ ...queries.me(), retry: (_, error) => !isNotAuthenticated(error), retryDelay: 2000 })
  useEffect(() => {
    const opened = () => noticeLoginLink() && void cache.resetQueries(queries.me())
    addEventListener('hashchange', opened)
    return () => removeEventListener('hashchange', opened)
  }, [cache])

  if (isNotAuthenticated(me.error)) return <LoginPage error={me.error} />
  if (me.data && askedPath() !== undefined) return <GoOn />
  if (!me.data) return me.failureCount > 0 ? <ServerAway /> : null
  return <LoggedIn name={me.data.name} />
}

/** Leads to the page of the server that had to send its visitor to the sign-in. */
function GoOn() {
  useEffect(() => location.replace(wantedPath()), [])
  return null
}

function LoggedIn({ name }: { name: string }) {
  const isLive = useLiveEvents()
  // The page is loaded anew, so that nothing of whoever was here stays in its memory.
  const logOut = () => client.logout().then(() => location.assign('/'), toastError)
  return (
    <div className="flex min-h-dvh flex-col">
      <button
        type="button"
        className="absolute -top-10 left-3 z-50 rounded-md bg-raised px-3 py-1.5 text-[13px] focus:top-3"
        onClick={() => document.getElementById('content')?.focus()}
      >
        Skip to content
      </button>
      <header className="flex h-12 shrink-0 items-center gap-3 border-b border-line bg-surface px-4 sm:px-6">
        <Link to="/" className="flex items-center gap-2 rounded font-semibold tracking-tight">
          <Mark className="size-5" />
          Ramet
        </Link>
        <AcceleratorBadge />
        <Link to="/images" className="rounded px-1 text-[13px] text-muted hover:text-ink" activeProps={{ className: 'text-ink' }}>
          Images
        </Link>
        <div className="flex-1" />
        {!isLive && (
          <p role="status" className="flex items-center gap-1.5 text-xs text-busy">
            <span aria-hidden="true" className="breathing size-1.5 rounded-full bg-busy" />
            <span className="hidden sm:inline">The server is away.</span> Reconnecting…
          </p>
        )}
        <Link
          to="/account"
          className="max-w-40 truncate rounded px-1 text-[13px] text-muted hover:text-ink"
          activeProps={{ className: 'text-ink' }}
          title={`Logged in as ${name}: your account`}
        >
          {name}
        </Link>
        <Button look="quiet" onClick={() => void logOut()}>
          Log out
        </Button>
      </header>
      <main id="content" tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
        <Outlet />
      </main>
    </div>
  )
}

function ServerAway() {
  return (
    <main className="grid min-h-dvh place-items-center p-6">
      <div role="status" className="max-w-sm text-center">
        <Mark className="mx-auto size-9" />
        <h1 className="mt-4 text-lg font-semibold">The server does not answer</h1>
        <p className="mt-1 text-[13px] text-muted">
          Start it with <code className="font-mono text-ink">npm start</code>. This page goes on by itself as soon as it is there;
          running machines are not affected.
        </p>
      </div>
    </main>
  )
}

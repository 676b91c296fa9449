import { Input } from '@base-ui/react/input'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../api/client.ts'
import { loginTokenOf } from '../api/login-token.ts'
import { queries } from '../api/queries.ts'
import { isNotAuthenticated, isRefusedLink } from '../api/session.ts'
import { Button } from '../ui/button.tsx'
import { Mark } from '../ui/icons.tsx'
import { ErrorNotice } from '../ui/notice.tsx'
import { usePageTitle } from '../ui/use-page-title.ts'

/** For everyone who is not logged in: where the link is, and a field for its token. */
export function LoginPage({ error }: { error: unknown }) {
  usePageTitle('Log in')
  const cache = useQueryClient()
  const [text, setText] = useState('')
  const token = loginTokenOf(text)
  const login = useMutation({
    mutationFn: (given: string) => client.login(given),
    onSuccess: () => cache.resetQueries(queries.me()),
  })
  return (
    <main className="grid min-h-dvh place-items-center p-6">
      <div className="w-full max-w-sm">
        <Mark className="size-9" />
        <h1 className="mt-4 text-xl font-semibold tracking-tight">Log in to Ramet</h1>
        <p className="mt-1.5 text-[13px] text-muted">
          Open the link that <code className="font-mono text-ink">npm start</code> printed in its terminal, or paste that link or
          its token here.
        </p>
        <form
          className="mt-5 flex flex-col gap-3"
          onSubmit={(event) => {
            event.preventDefault()
            if (token !== undefined) login.mutate(token)
          }}
        >
          <label className="text-[13px] font-medium" htmlFor="token">
            Login link or token
          </label>
          <Input
            id="token"
            autoComplete="off"
            spellCheck={false}
            value={text}
            onValueChange={setText}
            placeholder="http://127.0.0.1:8420/#login=…"
            className="h-9 rounded-md border border-line-strong bg-surface px-2.5 font-mono text-[13px] placeholder:text-faint"
          />
          {login.isError ? (
            <ErrorNotice error={isNotAuthenticated(login.error) ? wrongToken : login.error} />
          ) : (
            isRefusedLink(error) && <ErrorNotice error={error} />
          )}
          <div>
            <Button
              type="submit"
              look="primary"
              refusal={token === undefined ? 'Paste the login link or its token first.' : undefined}
              isBusy={login.isPending}
            >
              Log in
            </Button>
          </div>
        </form>
      </div>
    </main>
  )
}

const wrongToken = new Error('This token is not valid. The server may have printed a newer one: look there again.')

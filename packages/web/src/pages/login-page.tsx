import { Input } from '@base-ui/react/input'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../api/client.ts'
import { loginTokenOf } from '../api/login-token.ts'
import { queries } from '../api/queries.ts'
import { isRefusedLink } from '../api/session.ts'
import { Button } from '../ui/button.tsx'
import { Mark } from '../ui/icons.tsx'
import { ErrorNotice, FailureNotice } from '../ui/notice.tsx'
import { usePageTitle } from '../ui/use-page-title.ts'

/** For everyone who is not logged in: where links come from, and a field for one. */
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
        {isRefusedLink(error) && !login.isError && (
          <div className="mt-3">
            <FailureNotice failure={{ message: (error as Error).message }} />
          </div>
        )}
        <p className="mt-3 text-[13px] text-muted">
          Run this on the machine of the server, in the folder of Ramet. It prints a link that logs you in, once, within ten
          minutes.
        </p>
        <pre className="mt-3 overflow-x-auto rounded-md border border-line bg-terminal px-2.5 py-2 font-mono text-[13px]">
          npx --no-install ramet login
        </pre>
        <p className="mt-3 text-[13px] text-muted">Open that link, or paste it here.</p>
        <form
          className="mt-3 flex flex-col gap-3"
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
          {login.isError && <ErrorNotice error={login.error} />}
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

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { OtherWays } from '../account/other-ways.tsx'
import { client } from '../api/client.ts'
import { loginTokenOf } from '../api/login-token.ts'
import { queries } from '../api/queries.ts'
import { isRefusedLink } from '../api/session.ts'
import { Button } from '../ui/button.tsx'
import { Mark } from '../ui/icons.tsx'
import { ErrorNotice, FailureNotice } from '../ui/notice.tsx'
import { TextField } from '../ui/text-field.tsx'
import { usePageTitle } from '../ui/use-page-title.ts'

/** For everyone who is not logged in: by name and password, or by a link. */
export function LoginPage({ error }: { error: unknown }) {
  usePageTitle('Log in')
  return (
    <main className="grid min-h-dvh place-items-center p-6">
      <div className="w-full max-w-sm">
        <Mark className="size-9" />
        <h1 className="mt-4 text-xl font-semibold tracking-tight">Log in to Ramet</h1>
        <SignInForm />
        <OtherWays />
        <h2 className="mt-7 border-line border-t pt-5 text-[15px] font-semibold">Or by a link</h2>
        {isRefusedLink(error) && (
          <div className="mt-3">
            <FailureNotice failure={{ message: (error as Error).message }} />
          </div>
        )}
        <p className="mt-2 text-[13px] text-muted">
          Run this on the machine of the server, in the folder of Ramet. It prints a link that logs you in, once, within ten
          minutes.
        </p>
        <pre className="mt-3 overflow-x-auto rounded-md border border-line bg-terminal px-2.5 py-2 font-mono text-[13px]">
          npx --no-install ramet login
        </pre>
        <p className="mt-3 text-[13px] text-muted">Open that link, or the invitation that you were sent, or paste it here.</p>
        <LinkForm />
      </div>
    </main>
  )
}

function SignInForm() {
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const cache = useQueryClient()
  const signIn = useMutation({
    mutationFn: () => client.signIn({ name: name.trim(), password }),
    onSuccess: () => cache.resetQueries(queries.me()),
  })
  const isFilled = name.trim() !== '' && password !== ''
  return (
    <Form onSubmit={() => isFilled && signIn.mutate()}>
      <TextField label="Name" value={name} onChange={setName} autoComplete="username" />
      <TextField label="Password" value={password} onChange={setPassword} secret="current-password" />
      {signIn.isError && <ErrorNotice error={signIn.error} />}
      <Button
        type="submit"
        look="primary"
        refusal={isFilled ? undefined : 'Write your name and your password first.'}
        isBusy={signIn.isPending}
      >
        Sign in
      </Button>
    </Form>
  )
}

function LinkForm() {
  const [text, setText] = useState('')
  const token = loginTokenOf(text)
  const cache = useQueryClient()
  const login = useMutation({
    mutationFn: (given: string) => client.login(given),
    onSuccess: () => cache.resetQueries(queries.me()),
  })
  return (
    <Form onSubmit={() => token !== undefined && login.mutate(token)}>
      <TextField
        label="Login link or token"
        value={text}
        onChange={setText}
        placeholder="http://127.0.0.1:8420/#login=…"
        isMono
      />
      {login.isError && <ErrorNotice error={login.error} />}
      <Button
        type="submit"
        refusal={token === undefined ? 'Paste the login link or its token first.' : undefined}
        isBusy={login.isPending}
      >
        Log in
      </Button>
    </Form>
  )
}

function Form({ onSubmit, children }: { onSubmit: () => unknown; children: ReactNode }) {
  return (
    <form
      className="mt-3 flex flex-col items-start gap-3 [&>div]:w-full"
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit()
      }}
    >
      {children}
    </form>
  )
}

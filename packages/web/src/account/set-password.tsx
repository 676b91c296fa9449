import type { Me } from '@ramet/model/api/host.ts'
import { passwordSchema } from '@ramet/model/api/users.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { ErrorNotice } from '../ui/notice.tsx'
import { TextField } from '../ui/text-field.tsx'
import { toast } from '../ui/toasts.tsx'

export function SetPassword({ me }: { me: Me }) {
  const cache = useQueryClient()
  const [current, setCurrent] = useState('')
  const [password, setPassword] = useState('')
  const save = useMutation({
    mutationFn: () => client.setPassword(me.hasPassword ? { current, password } : { password }),
    onSuccess() {
      setCurrent('')
      setPassword('')
      toast('The password is set', 'Other browsers are logged out.')
      void cache.invalidateQueries({ queryKey: queries.me().queryKey })
    },
  })
  const isGood = passwordSchema.safeParse(password).success
  return (
    <section aria-label="Password">
      <h2 className="text-[15px] font-semibold tracking-tight">Password</h2>
      <p className="mt-1 text-[13px] text-muted">
        {me.hasPassword ? 'You sign in with it by your name.' : 'With one you sign in by your name, and need no link.'}
      </p>
      <form
        className="mt-3 flex w-full max-w-sm flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          if (isGood) save.mutate()
        }}
      >
        {/* Tells password managers whose it is. */}
        <input type="text" hidden readOnly autoComplete="username" value={me.name} />
        {me.hasPassword && <TextField label="Password of now" value={current} onChange={setCurrent} secret="current-password" />}
        <TextField
          label="New password"
          about="At least 10 characters; a sentence is good."
          value={password}
          onChange={setPassword}
          secret="new-password"
        />
        {save.isError && <ErrorNotice error={save.error} />}
        <div>
          <Button
            type="submit"
            look="primary"
            isBusy={save.isPending}
            refusal={isGood ? undefined : 'A password has at least 10 characters.'}
          >
            Set password
          </Button>
        </div>
      </form>
    </section>
  )
}

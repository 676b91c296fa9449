import { RametError } from '@ramet/model/errors/error.ts'
import { useEffect, useState } from 'react'
import { TerminalView } from '../terminal/terminal-view.tsx'
import { ErrorNotice } from '../ui/notice.tsx'
import { aboutShell, openShell, type ShellAbout } from './published-shell.ts'

/** A published shell at its own host: one terminal, and whose it is. */
export function ShellPage() {
  const [about, setAbout] = useState<ShellAbout>()
  const [error, setError] = useState<unknown>()
  useEffect(() => {
    aboutShell().then(setAbout, setError)
  }, [])
  useEffect(() => {
    if (about) document.title = `${about.user}@${about.machine}`
  }, [about])
  if (error !== undefined)
    return (
      <main className="mx-auto w-full max-w-xl p-6">
        <ErrorNotice error={error} />
      </main>
    )
  return (
    <main className="flex h-dvh flex-col">
      <h1 className="flex min-h-9 items-center gap-2 border-b border-line bg-surface px-3 text-[13px] font-normal">
        {about && (
          <>
            <span className="font-mono">
              {about.user}@{about.machine}
            </span>
            <span className="text-muted">
              {about.access === 'public' ? 'Public: whoever has the address has a shell here.' : 'Private: yours alone.'}
            </span>
          </>
        )}
      </h1>
      <div className="min-h-0 flex-1">
        {about && (
          <TerminalView
            label={`Terminal of ${about.machine}`}
            open={openShell}
            anew={
              about.access === 'public'
                ? 'The shell is a new one: the one before ended with its connection.'
                : 'The shell is a new one: the machine was started again.'
            }
            ended={(code) => `The shell ended (code ${code}). Press Enter for a new one.`}
            isFinal={(reason) => reason instanceof RametError && final.includes(reason.code)}
          />
        )}
      </div>
    </main>
  )
}

/** Not among them: a run that is off, which may be restarted while the page waits. */
const final = ['sign_in_needed', 'port_forbidden', 'not_found', 'forbidden_origin', 'unknown_machine', 'no_ssh']

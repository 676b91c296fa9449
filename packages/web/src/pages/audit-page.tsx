import type { AuditEntry } from '@ramet/model/api/audit.ts'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { queries } from '../api/queries.ts'
import { ErrorNotice } from '../ui/notice.tsx'
import { TextField } from '../ui/text-field.tsx'
import { usePageTitle } from '../ui/use-page-title.ts'

/** Who did what: for admins of everybody, for others what they did themselves and what was done to what is theirs. */
export function AuditPage() {
  usePageTitle('Audit log')
  const { data: me } = useQuery(queries.me())
  const [user, setUser] = useState('')
  const [action, setAction] = useState('')
  const asked = { ...(user.trim() ? { user: user.trim() } : {}), ...(action.trim() ? { action: action.trim() } : {}) }
  const { data: entries, error } = useQuery(queries.audit(asked))
  if (!me) return null
  return (
    <div className="mx-auto flex w-full max-w-6xl flex-col gap-5 px-4 py-8 sm:px-6">
      <div>
        <h1 className="text-lg font-semibold tracking-tight">Audit log</h1>
        <p className="mt-1 text-[13px] text-muted">
          {me.role === 'admin'
            ? 'What people did on this server, from where, and what came of it.'
            : 'What you did, and what was done to what is yours.'}
        </p>
      </div>
      <div className="flex flex-wrap gap-4">
        {me.role === 'admin' && <TextField label="User" value={user} onChange={setUser} placeholder="everybody" />}
        <TextField label="Action" value={action} onChange={setAction} placeholder="all, or such as run.destroy" />
      </div>
      {error && <ErrorNotice error={error} />}
      {entries?.length === 0 && <p className="text-[13px] text-muted">Nothing so far.</p>}
      {entries && entries.length > 0 && <Entries entries={entries} />}
    </div>
  )
}

const columns = ['When', 'Who', 'From', 'What', 'To', 'Outcome']

const Entries = ({ entries }: { entries: readonly AuditEntry[] }) => (
  <div className="overflow-x-auto rounded-xl border border-line bg-surface">
    <table className="w-full text-left text-[13px]">
      <thead className="text-xs text-muted">
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col" className="px-3 py-2 font-medium">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className="divide-y divide-line">
        {entries.map(({ id, at, user, via, from, action, subject, detail, outcome, times }) => (
          <tr key={id} className="align-top">
            <td className="whitespace-nowrap px-3 py-2 text-muted">
              <time dateTime={at}>{new Date(at).toLocaleString()}</time>
            </td>
            <td className="px-3 py-2">{user ?? <span className="text-faint">nobody known</span>}</td>
            <td className="px-3 py-2 text-muted">{[from, via].filter(Boolean).join(' · ')}</td>
            <td className="whitespace-nowrap px-3 py-2 font-mono">{action}</td>
            <td className="break-all px-3 py-2">{[subject, detail].filter(Boolean).join(' ')}</td>
            <td className="px-3 py-2">
              {outcome}
              {times > 1 && <span className="text-muted"> × {times}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)

import { useCallback, useEffect, useState } from 'react'
import { freeNumber } from './terminal-tabs.ts'

/** Numbers of the shells open on each machine, as this tab of the browser had them at its last load. */
type Sessions = Readonly<Record<string, readonly number[]>>

const keyOf = (id: string) => `ramet.sessions.${id}`

function read(id: string): Sessions {
  try {
    return JSON.parse(sessionStorage.getItem(keyOf(id)) ?? '{}') as Sessions
  } catch {
    return {}
  }
}

/** Which shells of a run are shown. Every machine has its first; closing a further one leaves its shell running. */
export function useSessions(id: string) {
  const [sessions, setSessions] = useState(() => read(id))
  useEffect(() => {
    sessionStorage.setItem(keyOf(id), JSON.stringify(sessions))
  }, [id, sessions])

  const of = useCallback((machine: string) => sessions[machine] ?? [1], [sessions])
  const add = (machine: string): number => {
    const number = freeNumber(of(machine))
    setSessions({ ...sessions, [machine]: [...of(machine), number] })
    return number
  }
  const remove = (machine: string, number: number) =>
    setSessions({ ...sessions, [machine]: of(machine).filter((other) => other !== number) })
  return { of, add, remove }
}

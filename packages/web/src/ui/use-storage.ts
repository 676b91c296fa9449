import type { Usage } from '@ramet/model/api/usage.ts'
import { useQuery } from '@tanstack/react-query'
import { queries } from '../api/queries.ts'

/** What a run takes on disk; undefined while it is not known. */
export function useRunStorage(id: string) {
  const { data } = useQuery({ ...queries.usage(), select: ({ runs }: Usage) => runs.find((run) => run.id === id) })
  return data
}

/** What a saved playground takes on disk; undefined for one that has no drives of its own. */
export function usePlaygroundStorage(name: string) {
  const { data } = useQuery({
    ...queries.usage(),
    select: ({ playgrounds }: Usage) => playgrounds.find((playground) => playground.name === name),
  })
  return data
}

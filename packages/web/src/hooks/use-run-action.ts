import type { Play } from '@ramet/model/wire.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { client } from '../api/client.ts'
import { showPlay } from '../api/live.ts'
import { toastError } from '../components/toasts.tsx'

/** One of the calls that change a run and answer with it. The answer is shown at once; a refusal becomes a toast. */
export function useRunAction<V = void>(act: (value: V) => Promise<Play>) {
  const cache = useQueryClient()
  return useMutation({ mutationFn: act, onSuccess: (play) => showPlay(cache, play), onError: toastError })
}

export const useStop = (id: string) => useRunAction(() => client.plays.stop(id))
export const useRestart = (id: string) => useRunAction(() => client.plays.restart(id))
export const useDestroy = (id: string) => useRunAction(() => client.plays.destroy(id))
export const useSetTitle = (id: string) => useRunAction((title: string) => client.plays.setTitle(id, title))

import type { MachineAction } from '@ramet/model/run-state.ts'
import type { Play } from '@ramet/model/wire.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { client } from '../api/client.ts'
import { refreshCopies, showPlay } from '../api/live.ts'
import { toast, toastError } from '../components/toasts.tsx'

/** One of the calls that change a run and answer with it. The answer is shown at once; a refusal becomes a toast. */
export function useRunAction<V = void>(act: (value: V) => Promise<Play>) {
  const cache = useQueryClient()
  return useMutation({ mutationFn: act, onSuccess: (play) => showPlay(cache, play), onError: toastError })
}

export const useStop = (id: string) => useRunAction(() => client.plays.stop(id))
export const useRestart = (id: string) => useRunAction(() => client.plays.restart(id))
export const useDestroy = (id: string) => useRunAction(() => client.plays.destroy(id))
export const useMachineAction = (id: string, action: MachineAction, machine: string) =>
  useRunAction(() => client.plays.machine(id, action, machine))

/** Makes one clone, at rest, and goes to its page. */
export function useClone(id: string) {
  const cache = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: () => client.plays.clone(id),
    onSuccess([clone]) {
      if (!clone) return
      showPlay(cache, clone)
      void refreshCopies(cache)
      toast(`Cloned as ${clone.title}`, 'It takes no room until it is switched on and changes something.')
      void navigate({ to: '/runs/$id', params: { id: clone.id } })
    },
    onError: toastError,
  })
}

export const useSetTitle = (id: string) => useRunAction((title: string) => client.plays.setTitle(id, title))

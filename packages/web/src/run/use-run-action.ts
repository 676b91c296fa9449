import type { Play } from '@ramet/model/api/wire.ts'
import type { MachineAction } from '@ramet/model/run/run-state.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { client } from '../api/client.ts'
import { refreshCopies, showPlay } from '../api/live.ts'
import { toast, toastError } from '../ui/toasts.tsx'

/** One of the calls that change a run and answer with it. The answer is shown at once; a refusal becomes a toast. */
export function useRunAction<V = void>(act: (value: V) => Promise<Play>) {
  const cache = useQueryClient()
  return useMutation({ mutationFn: act, onSuccess: (play) => showPlay(cache, play), onError: toastError })
}

export const useStop = (id: string) => useRunAction(() => client.plays.stop(id))
export const useShutDown = (id: string) => useRunAction(() => client.plays.stop(id, { powerOff: true }))
export const useRestart = (id: string) => useRunAction(() => client.plays.restart(id))
export const useBoot = (id: string) => useRunAction(() => client.plays.restart(id, { cold: true }))
export const useDestroy = (id: string) => useRunAction(() => client.plays.destroy(id))
export const useRetryTask = (id: string, task: string) => useRunAction(() => client.plays.retryTask(id, task))
export const useMachineAction = (id: string, action: MachineAction, machine: string) =>
  useRunAction(() => client.plays.machine(id, action, machine))

/** Makes one clone, at rest, and goes to its page. */
export function useClone(id: string) {
  const show = useShowClones('It takes no room until it is switched on and changes something.')
  return useMutation({ mutationFn: () => client.plays.clone(id), onSuccess: show, onError: toastError })
}

/** Makes clones that go on where the running run is: to the page of a single one, to the list of several. Whoever asks shows what was refused. */
export function useLiveClone(id: string) {
  const show = useShowClones('It goes on where its source was at that instant.')
  return useMutation({ mutationFn: (count: number) => client.plays.clone(id, { live: true, count }), onSuccess: show })
}

function useShowClones(about: string) {
  const cache = useQueryClient()
  const navigate = useNavigate()
  return (clones: readonly Play[]) => {
    const [clone] = clones
    if (!clone) return
    for (const each of clones) showPlay(cache, each)
    void refreshCopies(cache)
    if (clones.length === 1) {
      toast(`Cloned as ${clone.title}`, about)
      void navigate({ to: '/runs/$id', params: { id: clone.id } })
    } else {
      toast(`${clones.length} clones were made`, `${clone.title} and those after it.`)
      void navigate({ to: '/' })
    }
  }
}

export const useSetTitle = (id: string) => useRunAction((title: string) => client.plays.setTitle(id, title))

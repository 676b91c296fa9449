import type { Play, Playground } from '@ramet/model/api/wire.ts'
import { isMachineReady } from '@ramet/model/run/goals.ts'
import { taskStatusWord } from '@ramet/model/run/task-state.ts'

/** A run as an agent is shown it: what it needs for the next call, and no more. */
export const sightOf = (play: Play) => ({
  play_id: play.id,
  title: play.title,
  playground: play.playground.name,
  state: play.state,
  ...(play.progress === undefined ? {} : { under_way: play.progress.message }),
  ...(play.failure === undefined ? {} : { failure: play.failure }),
  ...(play.clonedFrom === undefined ? {} : { cloned_from: play.clonedFrom.id }),
  machines: play.machines.map(({ name, state, users, interfaces }) => ({
    name,
    state,
    ready: isMachineReady(play, name),
    user: users.find((user) => user.default)?.name ?? 'root',
    addresses: interfaces.map(({ network, address }) => `${network} ${address}`),
  })),
  tasks: Object.values(play.tasks).map(({ name, init, status }) => ({ name, init, status: taskStatusWord(status) })),
  page: play.pageUrl,
})

/** In lists. */
export const briefOf = ({ id, title, playground, state, createdAt, machines }: Play) => ({
  play_id: id,
  title,
  playground: playground.name,
  state,
  created_at: createdAt,
  machines: machines.map(({ name }) => name),
})

export const playgroundBriefOf = ({ name, title, description, categories, machines, registries = [] }: Playground) => ({
  name,
  title,
  description,
  categories,
  machines: machines.map((machine) => machine.name),
  ...(registries.some(({ isReachable }) => !isReachable) ? { cannot_start: 'a registry of its images is out of reach' } : {}),
})

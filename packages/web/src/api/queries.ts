import type { Image } from '@ramet/model/api/host.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import { isGone } from '@ramet/model/run/run-state.ts'
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { client } from './client.ts'
import { currentUser } from './session.ts'

/** What the pages show, by key. Live events (live.ts) write into the same keys. */
export const queries = {
  me: () => queryOptions({ queryKey: ['me'], queryFn: currentUser, staleTime: Number.POSITIVE_INFINITY }),
  /** For admins. */
  users: () => queryOptions({ queryKey: ['users'], queryFn: client.users.list }),
  groups: () => queryOptions({ queryKey: ['groups'], queryFn: client.groups.list }),
  signInWays: () =>
    queryOptions({ queryKey: ['sign-in-ways'], queryFn: client.signIns.ways, staleTime: Number.POSITIVE_INFINITY }),
  identities: () => queryOptions({ queryKey: ['identities'], queryFn: client.signIns.list }),
  passkeys: () => queryOptions({ queryKey: ['passkeys'], queryFn: client.passkeys.list }),
  /** For admins, who are told of no events of others. */
  allRuns: () =>
    queryOptions({ queryKey: ['all-runs'], queryFn: () => client.allRuns.page({ limit: 500 }), refetchInterval: 10_000 }),
  /** No event tells of each entry. */
  audit: (asked: { user?: string; action?: string }) =>
    queryOptions({ queryKey: ['audit', asked], queryFn: () => client.audit({ ...asked, limit: 200 }), staleTime: 0 }),
  health: () =>
    queryOptions({
      queryKey: ['health'],
      queryFn: client.health,
      // The accelerator is null until the boot probe is over, which no event tells.
      refetchInterval: ({ state }) => (state.data?.accelerator ? false : 3000),
    }),
  playgrounds: () =>
    queryOptions({ queryKey: ['playgrounds'], queryFn: () => client.playgrounds.list('all'), refetchInterval: 30_000 }),
  /** No event tells of files that somebody changes in the team's folder. */
  catalog: () => queryOptions({ queryKey: ['catalog'], queryFn: client.playgrounds.catalog, refetchInterval: 30_000 }),
  /** The server tells of destroyed runs for a while. */
  plays: () =>
    queryOptions({
      queryKey: ['plays'],
      queryFn: async () => (await client.plays.list()).filter(({ state }) => !isGone(state)),
    }),
  play: (id: string) => queryOptions({ queryKey: ['play', id], queryFn: ({ signal }) => client.plays.get(id, signal) }),
  /** Live events tell of each change by its task's version. */
  tasks: ({ id, tasks }: Pick<Play, 'id' | 'tasks'>) =>
    queryOptions({
      queryKey: ['tasks', id, Object.values(tasks).reduce((sum, { version }) => sum + version, 0)],
      queryFn: () => client.plays.tasks(id),
      placeholderData: keepPreviousData,
    }),
  /** No event tells of them. */
  published: (id: string) =>
    queryOptions({
      queryKey: ['published', id],
      queryFn: async () => ({ ports: await client.ports.list(id), shells: await client.ports.shells(id) }),
      refetchInterval: 30_000,
    }),
  lineage: (id: string) => queryOptions({ queryKey: ['lineage', id], queryFn: () => client.plays.lineage(id) }),
  /** No event tells of every byte that a guest writes. */
  usage: () => queryOptions({ queryKey: ['usage'], queryFn: client.usage, refetchInterval: 30_000 }),
  images: () => queryOptions({ queryKey: ['images'], queryFn: client.images.list }),
  /** Asked again when it has changed. */
  image: (name: string, state: Image['state']) =>
    queryOptions({
      queryKey: ['image', name, state],
      queryFn: () => client.images.inspect(name),
      placeholderData: keepPreviousData,
    }),
  consoles: (id: string, machine: string) =>
    queryOptions({ queryKey: ['consoles', id, machine], queryFn: () => client.plays.consoles(id, machine) }),
  consoleLog: (id: string, machine: string, console: string) =>
    queryOptions({
      queryKey: ['console-log', id, machine, console],
      queryFn: () => client.plays.readConsole(id, machine, console),
    }),
}

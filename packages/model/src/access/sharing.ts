import { z } from 'zod'
import type { ManifestSpec } from '../manifest/manifest.ts'
import { wordSchema } from '../units/plain-text.ts'

/** Whoever may list, read and start a playground besides its owner; labctl's words. */
export interface AccessLists {
  readonly canList: readonly string[]
  readonly canRead: readonly string[]
  readonly canStart: readonly string[]
}
export const accessLists = ['canList', 'canRead', 'canStart'] as const
export type AccessList = (typeof accessLists)[number]

const principals = z.array(wordSchema(200).min(1)).max(1000, 'must have at most 1000')
export const accessListsSchema = z.strictObject({ canList: principals, canRead: principals, canStart: principals })

const same = (who: readonly string[]) => ({ canList: [...who], canRead: [...who], canStart: [...who] })
export const ownerAlone: AccessLists = same(['owner'])

/** Everybody with an account. Nothing is shown to who has none, so the original's two words mean the same here. */
const everybody = ['anyone', 'authenticated']

/** What a manifest says of access, in its present or its deprecated form. */
export function accessOf({ accessControl, access }: Partial<Pick<ManifestSpec, 'accessControl' | 'access'>>): AccessLists {
  if (accessControl) return accessControl
  if (access?.mode === 'public') return same(['anyone'])
  return same(['owner', ...(access?.users ?? []).map((user) => (user.includes(':') ? user : `user:${user}`))])
}

interface Named {
  readonly id: string
  readonly name?: string | undefined
  readonly groups?: readonly string[] | undefined
  /** As he is called on GitHub, in small letters. */
  readonly github?: string | undefined
}

/** True when a list names this user. The owner needs no list. Groups are named by their ids alone: whoever makes one gives it its name. */
export const isNamed = (list: readonly string[], { id, name, groups = [], github }: Named): boolean =>
  list.some(
    (who) =>
      everybody.includes(who) ||
      who === `user:${id}` ||
      (name !== undefined && who === `user:${name}`) ||
      (github !== undefined && who.toLowerCase() === `github:${github}`) ||
      (who.startsWith(ofGroup) && groups.includes(who.slice(ofGroup.length))),
  )

const ofGroup = 'group:'
const ofUser = 'user:'
const ofGithub = 'github:'

/** True when who may depends on who is in a group. */
export const namesGroups = ({ canList, canRead, canStart }: AccessLists): boolean =>
  [canList, canRead, canStart].some((list) => list.some((who) => who.startsWith(ofGroup)))

/** True for words of access that let people of this server in, or nobody. The others belong to what is not here: trainings, packs. */
export const isActedOn = (who: string): boolean =>
  everybody.includes(who) || ['owner', 'nobody'].includes(who) || [ofUser, ofGroup, ofGithub].some((kind) => who.startsWith(kind))

export type Visibility = 'public' | 'limited' | 'private'

/** In a word: who may start it. */
export function visibilityOf({ canStart, canRead }: AccessLists): Visibility {
  const others = canStart.filter((who) => isActedOn(who) && who !== 'owner' && who !== 'nobody')
  if (others.length === 0) return 'private'
  return [canStart, canRead].every((list) => list.some((who) => everybody.includes(who))) ? 'public' : 'limited'
}

/** Lists that let everybody, these users and groups (`group:NAME`) or nobody but the owner use a playground. */
export function sharedWith(whom: 'everybody' | readonly string[]) {
  if (whom === 'everybody') return same(['anyone'])
  return same(['owner', ...whom.map((name) => (isWhole(name) ? name : ofUser + name))])
}

const isWhole = (who: string) => who.startsWith(ofGroup) || who.startsWith(ofGithub)

/** Names (or ids) of users that may start it, groups as `group:NAME`, and people of GitHub as `github:NAME`. */
export const namesIn = ({ canStart }: AccessLists): string[] =>
  canStart
    .filter((who) => who.startsWith(ofUser) || isWhole(who))
    .map((who) => (who.startsWith(ofUser) ? who.slice(ofUser.length) : who))

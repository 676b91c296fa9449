import { includesScope, type Scope } from './scopes.ts'
import { type AccessList, type AccessLists, isNamed } from './sharing.ts'

/** The user of a request. */
export interface Actor {
  readonly id: string
  /** Absent: no list names him by it. */
  readonly name?: string | undefined
  /** His name on GitHub, in small letters. Absent: `github:` names him in no list. */
  readonly github?: string | undefined
  /** Manages users, images and the host; absent: he does not. */
  readonly isAdmin?: boolean | undefined
  /** Ids of the groups that he is in, read when they matter; absent: none. */
  readonly groups?: readonly string[] | undefined
  /** Of the token by which the request came; absent: it may do all that its user may. */
  readonly scopes?: readonly string[] | undefined
}

/** The object of a permission. `ownerId` null: it belongs to the platform, as the official catalogue, images and the host do. */
export interface Owned {
  readonly ownerId: string | null
  /** Of a playground: who else may use it; absent: nobody. */
  readonly access?: AccessLists | undefined
  /** Of a playground: ids of those who write it with its owner. */
  readonly coAuthors?: readonly string[] | undefined
  /** Of a playground: id of whom its owner offers it to. */
  readonly offeredTo?: string | undefined
  /** Of a group: its id. */
  readonly group?: string | undefined
}

type Who = 'owner' | 'everyone' | 'admin' | 'any-admin' | 'member' | 'co-author' | 'offered' | AccessList

/** What belongs to nobody but the platform. */
export const platform: Owned = { ownerId: null }

/**
 * The one table of who may do what; `run/run-state.ts` says when. `owner`: whoever owns the subject. `everyone`: every user, and `admin`: each
 * admin, where the subject belongs to the platform; `any-admin`: each admin, whoever it belongs to. `member`: who is in the group. `co-author`: who writes the playground with its owner; `offered`: whom that offers it to. `canList`, `canRead`, `canStart`: whoever that list of the subject names. First the scope that a token with scopes needs for it; `all`: none is enough, since it opens more than they say (keys, links, other tokens).
 * What nobody may do to the platform's own (its throwaway runs, official playgrounds) has no `everyone`.
 */
const allowed = {
  /** Shown in lists and events. */
  'run.list': ['playground:read', 'owner'],
  'run.read': ['playground:read', 'owner'],
  /** Stop, restart, title, and the same for one machine. */
  'run.change': ['playground:run', 'owner'],
  /** For good, at once or when its time is over. */
  'run.destroy': ['playground:write', 'owner'],
  /** Clone and save. */
  'run.copy': ['playground:run', 'owner'],
  /** Commands, terminals, the serial console. */
  'run.enter': ['playground:run', 'owner'],
  /** Ports, shells and saved forwards. */
  'run.publish': ['playground:run', 'owner'],

  /** Ports of the host below 1024, and other addresses of it than its loopback and the one that the server is set to. */
  'host.publish': ['playground:run', 'admin'],

  'playground.list': ['playground:read', 'owner', 'everyone', 'co-author', 'offered', 'canList'],
  'playground.read': ['playground:read', 'owner', 'everyone', 'co-author', 'offered', 'canRead'],
  /** Runs of it, and playgrounds that have it for their base. */
  'playground.start': ['playground:run', 'owner', 'everyone', 'co-author', 'canStart'],
  /** Texts, its manifest, and who may use it. */
  'playground.change': ['playground:write', 'owner', 'co-author'],
  'playground.remove': ['playground:write', 'owner'],
  /** Offer it to another owner; name co-authors. */
  'playground.transfer': ['playground:write', 'owner'],
  'playground.accept': ['playground:write', 'offered'],
  'playground.create': ['playground:run', 'everyone'],

  'image.list': ['playground:read', 'everyone'],
  'image.build': ['playground:run', 'everyone'],
  /** It is everybody's. */
  'image.remove': ['playground:write', 'admin'],

  /** Doctor, fsck, metrics. */
  'host.read': ['playground:read', 'admin'],

  /** That somebody's run is there, and to stop it. It opens nothing of what is in it. */
  'host.runs': ['all', 'admin'],

  /** Who there is. */
  'user.list': ['all', 'admin'],
  /** Make, invite, disable, remove. */
  'user.change': ['all', 'admin'],

  /** Which there are of one's own; of all, for admins. */
  'group.list': ['account:read', 'everyone'],
  'group.create': ['account:write', 'everyone'],
  'group.join': ['account:write', 'everyone'],
  'group.read': ['account:read', 'owner', 'any-admin', 'member'],
  /** Links, members, removal. */
  'group.change': ['account:write', 'owner', 'any-admin'],
  /** Puts somebody in who was not asked. */
  'group.fill': ['account:write', 'any-admin'],
  /** What its members may have. */
  'group.limit': ['account:write', 'any-admin'],
  'group.leave': ['account:write', 'member'],
  /** What the audit log tells: of oneself, and of what is one's own. */
  'audit.read': ['account:read', 'everyone'],
  /** Of everybody. */
  'audit.read-all': ['all', 'admin'],

  /** The asking user's own account, its storage and its sessions. */
  'account.read': ['account:read', 'owner'],
  'account.leave': ['account:write', 'owner'],
  /** Public keys for ssh. */
  'account.keys': ['all', 'owner'],
  /** Links that log a browser in; by an API token alone. */
  'account.link': ['all', 'owner'],
  /** Preferences. */
  'account.change': ['account:write', 'owner'],
  'account.password': ['all', 'owner'],
  /** Programs that are let in, and tokens. */
  'account.tokens': ['all', 'owner'],
} as const satisfies Record<string, readonly [scope: Scope | 'all', ...who: Who[]]>

export type Permission = keyof typeof allowed

/** The scope that a token lacks for a permission; undefined when nothing is lacking. */
export function missingScope({ scopes }: Pick<Actor, 'scopes'>, permission: Permission): Scope | 'all' | undefined {
  const [scope] = allowed[permission]
  if (scopes === undefined || (scope !== 'all' && includesScope(scopes, scope))) return undefined
  return scope
}

/** Returns the owners to all of whose subjects `user` may do `permission`; null is the platform. Lists of the store are filtered by it. What is shared comes on top. */
export function ownersFor(user: Actor, permission: Permission): readonly (string | null)[] {
  const [, ...who] = allowed[permission]
  return missingScope(user, permission) ? [] : who.flatMap((each) => ownersBy(each, user))
}

function ownersBy(who: Who, user: Actor): (string | null)[] {
  if (who === 'owner') return [user.id]
  return who === 'everyone' || (who === 'admin' && user.isAdmin === true) ? [null] : []
}

function isLetIn(user: Actor, permission: Permission, { access, group, coAuthors, offeredTo }: Owned): boolean {
  const [, ...who] = allowed[permission]
  return who.some((each) => {
    if (each === 'any-admin') return user.isAdmin === true
    if (each === 'co-author') return coAuthors?.includes(user.id) === true
    if (each === 'offered') return offeredTo === user.id
    if (each === 'member') return group !== undefined && user.groups?.includes(group) === true
    return access !== undefined && each in access && isNamed(access[each as AccessList], user)
  })
}

/** True when `user` may do `permission` to `subject`. The subject's state is another question (`run-state.ts`). */
export const can = (user: Actor, permission: Permission, subject: Owned): boolean =>
  ownersFor(user, permission).includes(subject.ownerId) || (!missingScope(user, permission) && isLetIn(user, permission, subject))

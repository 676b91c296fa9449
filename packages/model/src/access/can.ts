/** The user of a request. */
export interface Actor {
  readonly id: string
}

/** The object of a permission. `ownerId` null: it belongs to the platform, as the official catalogue, images and the host do. */
export interface Owned {
  readonly ownerId: string | null
}

/** What belongs to nobody but the platform. */
export const platform: Owned = { ownerId: null }

/**
 * The one table of who may do what; `run/run-state.ts` says when. `owner`: whoever owns the subject. `everyone`: every user, where the subject
 * belongs to the platform. What nobody may do to the platform's own (its throwaway runs, official playgrounds) has no `everyone`.
 */
const allowed = {
  /** Shown in lists and events. */
  'run.list': ['owner'],
  'run.read': ['owner'],
  /** Stop, restart, destroy, title, and the same for one machine. */
  'run.change': ['owner'],
  /** Clone and save. */
  'run.copy': ['owner'],
  /** Commands, terminals, the serial console. */
  'run.enter': ['owner'],

  'playground.list': ['owner', 'everyone'],
  'playground.read': ['owner', 'everyone'],
  /** Runs of it, and playgrounds that have it for their base. */
  'playground.start': ['owner', 'everyone'],
  /** Texts; and removal. */
  'playground.change': ['owner'],
  'playground.create': ['everyone'],

  'image.list': ['everyone'],
  'image.build': ['everyone'],
  'image.remove': ['everyone'],

  /** Doctor, fsck, metrics. */
  'host.read': ['everyone'],
  /** The asking user's own account, its storage and its sessions. */
  'account.read': ['owner'],
  'account.leave': ['owner'],
  /** Public keys for ssh. */
  'account.keys': ['owner'],
  /** Links that log a browser in; by an API token alone. */
  'account.link': ['owner'],
} as const satisfies Record<string, readonly ('owner' | 'everyone')[]>

export type Permission = keyof typeof allowed

/** Returns the owners to whose subjects `user` may do `permission`; null is the platform. Lists of the store are filtered by it. */
export const ownersFor = (user: Actor, permission: Permission): readonly (string | null)[] =>
  allowed[permission].map((who) => (who === 'owner' ? user.id : null))

/** True when `user` may do `permission` to `subject`. The subject's state is another question (`run-state.ts`). */
export const can = (user: Actor, permission: Permission, subject: Owned): boolean =>
  ownersFor(user, permission).includes(subject.ownerId)

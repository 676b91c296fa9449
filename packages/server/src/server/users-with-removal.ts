import type { RegistryAuths } from '../playgrounds/registry-auths.ts'
import type { Reconciler } from '../reconcile/reconciler.ts'
import type { Users } from '../services.ts'

interface Left {
  readonly reconciler: Pick<Reconciler, 'worker'>
  readonly registryAuths: Pick<RegistryAuths, 'remove'>
  collect(): Promise<void>
}

/** `users` is what it was, and has the host follow at once when somebody's runs and playgrounds go with him. */
export const usersWithRemoval = (users: Users, { reconciler, registryAuths, collect }: Left): Users => ({
  ...users,
  async remove(by, name, asked) {
    const gone = await users.remove(by, name, asked)
    for (const id of gone.runs) reconciler.worker(id).trigger({ supersede: true })
    for (const id of gone.playgrounds) await registryAuths.remove(id)
    await collect()
    return gone
  },
})

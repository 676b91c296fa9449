import type { Migration } from 'kysely/migration'
import { first } from './0001-first.ts'
import { tasks } from './0002-tasks.ts'
import { layers } from './0003-layers.ts'
import { lineage } from './0004-lineage.ts'
import { snapshots } from './0005-snapshots.ts'
import { warmStarts } from './0006-warm-starts.ts'
import { damagedMemory } from './0007-damaged-memory.ts'
import { words } from './0008-words.ts'
import { lists } from './0009-lists.ts'
import { setUp } from './0010-set-up.ts'
import { taskKinds } from './0011-task-kinds.ts'
import { sshKeys } from './0012-ssh-keys.ts'
import { tokenScopes } from './0014-token-scopes.ts'
import { lifetimes } from './0015-lifetimes.ts'
import { publishedPorts } from './0016-published-ports.ts'
import { accounts } from './0017-accounts.ts'
import { sharing } from './0018-sharing.ts'
import { countedRuns } from './0019-counted-runs.ts'
import { agents } from './0020-agents.ts'
import { loggedIn } from './0021-logged-in.ts'
import { hostPorts } from './0022-host-ports.ts'
import { groups } from './0023-groups.ts'
import { consents } from './0024-consents.ts'
import { coAuthors } from './0025-co-authors.ts'
import { audit } from './0026-audit.ts'
import { allowances } from './0027-allowances.ts'
import { identities } from './0028-identities.ts'

/** Every migration, in order. The list only grows. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-first': first,
  '0002-tasks': tasks,
  '0003-layers': layers,
  '0004-lineage': lineage,
  '0005-snapshots': snapshots,
  '0006-warm-starts': warmStarts,
  '0007-damaged-memory': damagedMemory,
  '0008-words': words,
  '0009-lists': lists,
  '0010-set-up': setUp,
  '0011-task-kinds': taskKinds,
  '0012-ssh-keys': sshKeys,
  '0014-token-scopes': tokenScopes,
  '0015-lifetimes': lifetimes,
  '0016-published-ports': publishedPorts,
  '0017-accounts': accounts,
  '0018-sharing': sharing,
  '0019-counted-runs': countedRuns,
  '0020-agents': agents,
  '0021-logged-in': loggedIn,
  '0022-host-ports': hostPorts,
  '0023-groups': groups,
  '0024-consents': consents,
  '0025-co-authors': coAuthors,
  '0026-audit': audit,
  '0027-allowances': allowances,
  '0028-identities': identities,
}

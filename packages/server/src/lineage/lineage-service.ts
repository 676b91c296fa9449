import { can } from '@ramet/model/access/can.ts'
import { withGroups } from '../access/membership.ts'
import { permitPlayground, permitRun, subjectOfPlayground } from '../access/permit.ts'
import type { Lineages } from '../services.ts'
import type { Db } from '../store/database.ts'
import { findRunKin } from '../store/lineage.ts'
import { playgroundsNamed } from '../store/playgrounds.ts'
import { lineageOf } from './lineage.ts'

/** Reads lineages of runs and playgrounds that the user may see, destroyed and removed ones included: their rows stay. */
export function lineageService(db: Db): Lineages {
  return {
    async ofRun(user, id) {
      permitRun(user, 'run.read', await findRunKin(db, id), id)
      return lineageOf(db, user, { kind: 'run', id })
    },

    async ofPlayground(user, name) {
      const named = await playgroundsNamed(db, name)
      const seer = await withGroups(db, user, named)
      const rows = named.filter((row) => can(seer, 'playground.read', subjectOfPlayground(row)))
      // A reused name means the playground that has it now.
      const row = rows.find(({ removed_at }) => removed_at === null) ?? rows[0]
      const { id } = permitPlayground(seer, 'playground.read', row, name)
      return lineageOf(db, user, { kind: 'playground', id })
    },
  }
}

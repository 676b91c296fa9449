import { can } from '@ramet/model/access/can.ts'
import { permitPlayground, permitRun, subjectOfPlayground } from '../access/permit.ts'
import type { Lineages } from '../services.ts'
import type { Db } from '../store/database.ts'
import { findRunKin } from '../store/lineage.ts'
import { playgroundsNamed } from '../store/playgrounds.ts'
import { lineageOf } from './lineage.ts'

/** Lineages of what the user may see. What is destroyed or removed has one too: its row is still there. */
export function lineageService(db: Db): Lineages {
  return {
    async ofRun(user, id) {
      permitRun(user, 'run.read', await findRunKin(db, id), id)
      return lineageOf(db, user, { kind: 'run', id })
    },

    async ofPlayground(user, name) {
      const rows = (await playgroundsNamed(db, name)).filter((row) => can(user, 'playground.read', subjectOfPlayground(row)))
      // A name that was given again means the one that has it now.
      const row = rows.find(({ removed_at }) => removed_at === null) ?? rows[0]
      const { id } = permitPlayground(user, 'playground.read', row, name)
      return lineageOf(db, user, { kind: 'playground', id })
    },
  }
}

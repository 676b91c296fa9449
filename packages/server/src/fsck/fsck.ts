import { setTimeout } from 'node:timers/promises'
import type { HomeInspection } from '@ramet/engine'
import type { Finding } from '@ramet/model/api/host.ts'
import type { Db } from '../store/database.ts'
import { documentFindings } from './document-invariants.ts'
import { driveFindings } from './drive-findings.ts'
import { layerFindings } from './layer-invariants.ts'
import { look, type Sight } from './look.ts'
import { memoryFindings } from './memory-findings.ts'
import { runFindings } from './run-invariants.ts'
import { snapshotFindings } from './snapshot-invariants.ts'

export interface FsckOptions {
  readonly db: Db
  readonly files: HomeInspection
  /** Looks inside drives' files too; else only at names, sizes and modes. */
  readonly insideDrives?: boolean
  /** Reads all memory that is kept, and compares it with the digest that was written down; else only its length is checked. */
  readonly allMemory?: boolean
  /** Between two looks. Default a second: longer than any step has its row and its file apart. */
  readonly againAfterMs?: number
}

/** Files that are built in the home carry a temporary name meanwhile; one this old is left over. */
const leftoverAfterMs = 60 * 60 * 1000

/**
 * Checks the invariants of a home: layers, drives, runs, snapshots, their rows and their files. Changes nothing and takes no lock that a server or a VM
 * would notice, so it may run beside them. Rows and files change under it there: a finding counts only when a second look shows it too.
 */
export async function fsck({ db, files, insideDrives, allMemory, againAfterMs = 1000 }: FsckOptions): Promise<Finding[]> {
  let sight = await look(db, files)
  let findings = judge(sight)
  if (findings.length > 0) {
    await setTimeout(againAfterMs)
    sight = await look(db, files)
    const seen = new Set(findings.map(key))
    findings = judge(sight).filter((finding) => seen.has(key(finding)))
  }
  return [
    ...findings,
    ...(insideDrives ? await driveFindings(db, files, sight) : []),
    ...(allMemory ? await memoryFindings(db, files, sight) : []),
  ]
}

const key = ({ code, subject }: Finding) => `${code} ${subject}`

/** Everything that one look can tell. */
export function judge(sight: Sight, at = Date.now()): Finding[] {
  const damage = sight.damage.map((message): Finding => ({ code: 'store_damaged', subject: `ramet.sqlite: ${message}`, message }))
  const leftovers = [...sight.files].flatMap(([path, file]): Finding[] =>
    path.endsWith('.tmp') && !/^(layers|runs)\//.test(path) && at - Number(file.modifiedAt) / 1e6 > leftoverAfterMs
      ? [{ code: 'leftover_temporary', subject: path, message: 'Left over from something interrupted.' }]
      : [],
  )
  return [
    ...damage,
    ...documentFindings(sight.rows),
    ...layerFindings(sight),
    ...runFindings(sight),
    ...snapshotFindings(sight),
    ...leftovers,
  ]
}

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
  /** Checks the inside of drives' files too; otherwise only names, sizes and modes. */
  readonly insideDrives?: boolean
  /** Reads all kept memory and compares it with its recorded digest; otherwise only its length is checked. */
  readonly allMemory?: boolean
  /** Time between two looks. Default: a second, longer than any step leaves its row and its file different. */
  readonly againAfterMs?: number
}

/** Age at which a temporary file counts as a leftover. Unfinished files in the home have temporary names. */
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

/** Findings of one look. */
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

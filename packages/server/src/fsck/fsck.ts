import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { RamFile } from '@ramet/engine/snapshot/ram-file.ts'
import type { Finding } from '@ramet/model/api/host.ts'
import type { Db } from '../store/database.ts'
import { layerFindings } from './layer-invariants.ts'
import { look, type Sight } from './look.ts'
import { memoryFindings } from './memory-findings.ts'
import type { CheckFile } from './qemu-img.ts'
import { runFindings } from './run-invariants.ts'
import { snapshotFindings } from './snapshot-invariants.ts'

export interface FsckOptions {
  readonly db: Db
  /** RAMET_HOME. */
  readonly home: string
  /** Looks inside files; absent: only names, sizes and modes are checked. */
  readonly checkFile?: CheckFile
  /** Reads all memory that is kept, and compares it with the digest that was written down; absent: only its length is checked. */
  readonly digestRam?: (file: RamFile) => Promise<string>
  /** Between two looks. Default a second: longer than any step has its row and its file apart. */
  readonly againAfterMs?: number
}

/** Files that are built in the home carry a temporary name meanwhile; one this old is left over. */
const leftoverAfterMs = 60 * 60 * 1000

/**
 * Checks the invariants of a home: layers, drives, runs, snapshots, their rows and their files. Changes nothing and takes no lock that a server or a VM
 * would notice, so it may run beside them. Rows and files change under it there: a finding counts only when a second look shows it too.
 */
export async function fsck({ db, home, checkFile, digestRam, againAfterMs = 1000 }: FsckOptions): Promise<Finding[]> {
  const first = await look(db, home)
  let findings = judge(first)
  let sight = first
  if (findings.length > 0) {
    await setTimeout(againAfterMs)
    sight = await look(db, home)
    const seen = new Set(findings.map(key))
    findings = judge(sight).filter((finding) => seen.has(key(finding)))
  }
  if (checkFile) findings = [...findings, ...(await insides(db, home, sight, checkFile))]
  return digestRam ? [...findings, ...(await memoryFindings(db, home, sight, digestRam))] : findings
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
  return [...damage, ...layerFindings(sight), ...runFindings(sight), ...snapshotFindings(sight), ...leftovers]
}

/** Sealed layers never change, so they can always be looked into; overlays only while their run is off, before and after. */
async function insides(db: Db, home: string, { rows, files }: Sight, checkFile: CheckFile): Promise<Finding[]> {
  const findings: Finding[] = []
  const report = async (code: string, subject: string, file: string, sizeBytes: number, stillHolds: () => Promise<boolean>) => {
    if (files.get(file)?.kind !== 'file') return
    const said = await checkFile(join(home, file), sizeBytes)
    if (said.length > 0 && (await stillHolds()))
      findings.push(...said.map((message) => ({ code, subject, message: `${file}: ${message}.` })))
  }
  for (const { id, file, size_bytes, state } of rows.layers) {
    if (state !== 'sealed') continue
    await report('layer_damaged', `layer ${id}`, file, size_bytes, async () => {
      const row = await db.selectFrom('layers').select('id').where('id', '=', id).executeTakeFirst()
      return row !== undefined
    })
  }
  for (const run of rows.runs) {
    if (run.state !== 'STOPPED' || run.wanted !== 'STOPPED') continue
    for (const { overlay, machine, drive_index, size_bytes } of rows.drives.filter(({ run_id }) => run_id === run.id)) {
      if (overlay === null) continue
      await report(
        'top_damaged',
        `drive ${run.id} ${machine}[${drive_index}]`,
        `runs/${run.id}/drives/${overlay}`,
        size_bytes,
        async () => {
          const now = await db.selectFrom('runs').select(['state', 'last_state_at']).where('id', '=', run.id).executeTakeFirst()
          return now?.state === 'STOPPED' && now.last_state_at === run.last_state_at
        },
      )
    }
  }
  return findings
}

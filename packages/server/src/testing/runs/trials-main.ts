import { argv } from 'node:process'
import type { StoreAddress } from '../../store/address.ts'
import { openDatabase } from '../../store/database.ts'
import { trials } from './trials.ts'

/** What the process is started with, as JSON. */
export interface TrialsArgument {
  readonly address: StoreAddress
  readonly kind: keyof typeof trials
  readonly times: number
  readonly atOnce: number
}

/** The main module of a process that tries, and ends with the error of the first trial that fails. */
const { address, kind, times, atOnce } = JSON.parse(argv[2] ?? '') as TrialsArgument
const db = await openDatabase(address)
try {
  await trials[kind](db, { times, atOnce })
} finally {
  await db.destroy()
}

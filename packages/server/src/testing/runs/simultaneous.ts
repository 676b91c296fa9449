import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { MakeStore } from '../store/fresh-store.ts'
import type { TrialsArgument } from './trials-main.ts'

const timesEach = 100
/** Half a minute on a host that does nothing else. */
const boundMs = 400_000

/** Simultaneous actions on a run. Called once a kind of store, from that kind's own test file. `atOnce`: so many runs are tried side by side. */
export function simultaneousActions(kind: string, make: MakeStore, atOnce: number): void {
  test(
    `${kind}: any two actions on a run at once end as one after the other would, ${timesEach} times each`,
    {
      timeout: boundMs,
    },
    ({ signal }) => tried(make, { kind: 'pairs', times: timesEach, atOnce }, signal),
  )

  test(`${kind}: so do any four`, { timeout: boundMs }, ({ signal }) =>
    tried(make, { kind: 'fours', times: 300, atOnce }, signal),
  )
}

/**
 * In a process of its own, where no hook of the test runner follows each promise (measured in turn on a busy host, 8 trials of each pair on PostgreSQL: 25, 23 and 23 s of CPU with it,
 * 14, 17 and 15 without). Rejects with what a trial that fails says.
 */
async function tried(make: MakeStore, what: Omit<TrialsArgument, 'address'>, signal: AbortSignal): Promise<void> {
  await using store = await make()
  const argument: TrialsArgument = { address: store.address, ...what }
  const main = join(import.meta.dirname, 'trials-main.ts')
  await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', main, JSON.stringify(argument)], {
    signal,
  })
}

import { glob } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { finished } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import type { TestRoot } from './testing/test-root.ts'

/** Shared by `npm test` and `npm run proof`: files found and run by node:test, counted from its own summaries. */
export interface Counts {
  passed: number
  failed: number
  skipped: number
  /** How long each took. */
  files: { file: string; ms: number }[]
}

export interface Group {
  readonly title: string
  /** Begun in this order. */
  readonly files: readonly string[]
  readonly concurrency: number
  /** Of a single test. One without an end of its own must not eat CI's time. */
  readonly timeoutMs: number
  /** Temporary files are in memory. */
  readonly inMemory?: boolean
}

export async function find(patterns: string[], exclude: (path: string) => boolean): Promise<string[]> {
  const found: string[] = []
  for await (const path of glob(patterns)) if (!path.includes('node_modules') && !exclude(path)) found.push(path)
  return found.sort()
}

/** What a file's summary has; the last summary is that of all files. Suites are not tests; a cancelled test has failed. */
interface Summary {
  readonly file?: string | undefined
  readonly duration_ms: number
  readonly success: boolean
  readonly counts: Record<'passed' | 'failed' | 'cancelled' | 'skipped' | 'todo', number>
}

export async function runTests(
  root: TestRoot,
  { title, files, concurrency, timeoutMs, inMemory = false }: Group,
): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, files: [] }
  if (files.length === 0 || root.isClosing) return counts
  process.stdout.write(`\n── ${title}: ${files.length} files\n`)
  const began = performance.now()
  const stream = run({
    files,
    concurrency,
    timeout: timeoutMs,
    execArgv: ['--disable-warning=ExperimentalWarning', '--import', join(import.meta.dirname, 'bundled/use.mjs')],
    env: { ...process.env, ...root.environment({ inMemory }) },
  })
  let isComplete = false
  stream.on('test:summary', (summary: Summary) => {
    if (summary.file !== undefined) {
      counts.files.push({ file: summary.file, ms: summary.duration_ms })
      return
    }
    isComplete = true
    counts.passed = summary.counts.passed
    counts.failed = summary.counts.failed + summary.counts.cancelled
    counts.skipped = summary.counts.skipped + summary.counts.todo
    if (!summary.success && counts.failed === 0) counts.failed = 1
  })
  const report = stream.compose(spec)
  report.pipe(process.stdout, { end: false })
  await finished(report)
  if (!isComplete) counts.failed += 1
  process.stdout.write(
    `── ${title}: ${counts.passed} passed, ${counts.failed} failed in ${seconds(performance.now() - began)} s\n`,
  )
  return counts
}

/** What a clean end counts for: that the tests left nothing behind is a promise of theirs as any other. */
export function countLeftovers(found: readonly string[]): Counts {
  for (const thing of found) process.stdout.write(`left behind: ${thing}\n`)
  return { passed: found.length === 0 ? 1 : 0, failed: found.length === 0 ? 0 : 1, skipped: 0, files: [] }
}

/** The slowest files, then the last line, which CI reads, and the exit code: 0 when something passed and nothing failed. */
export function conclude(results: readonly Counts[]): void {
  const slowest = results
    .flatMap(({ files }) => files)
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, 15)
  process.stdout.write(`\nThe slowest files, in seconds, of ${seconds(performance.now())} in all:\n`)
  for (const { file, ms } of slowest) process.stdout.write(`${seconds(ms).padStart(6)}  ${relative('.', file)}\n`)
  const sum = (key: 'passed' | 'failed' | 'skipped') => results.reduce((total, counts) => total + counts[key], 0)
  process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1
  if (sum('skipped') > 0) process.stdout.write(`\n${sum('skipped')} skipped\n`)
  process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed\n`)
}

const seconds = (ms: number) => (ms / 1000).toFixed(0)

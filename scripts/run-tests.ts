import { spawn } from 'node:child_process'
import { glob, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { TestRoot } from './testing/test-root.ts'

/** Shared by `npm test` and `npm run proof`: files found and run by node:test, counted from the runner's own summaries. */
export interface Counts {
  passed: number
  failed: number
  skipped: number
  /** How long each took. */
  files: { file: string; ms: number }[]
}

export interface Group {
  readonly title: string
  readonly files: readonly string[]
  readonly concurrency: number
  /** Of a single test. One without an end of its own must not eat CI's time. */
  readonly timeoutMs: number
  /** Temporary files and homes are in memory. */
  readonly inMemory?: boolean
}

export async function find(patterns: string[], exclude: (path: string) => boolean): Promise<string[]> {
  const found: string[] = []
  for await (const path of glob(patterns)) if (!path.includes('node_modules') && !exclude(path)) found.push(path)
  return found.sort()
}

export async function runTests(
  root: TestRoot,
  { title, files, concurrency, timeoutMs, inMemory = false }: Group,
): Promise<Counts> {
  const environment = root.environment({ inMemory })
  if (files.length === 0 || root.isClosing) return { passed: 0, failed: 0, skipped: 0, files: [] }
  process.stdout.write(`\n── ${title}: ${files.length} files\n`)
  const summary = join(environment.TMPDIR ?? '', `${title.replaceAll(' ', '-')}.json`)
  const began = Date.now()
  const argv = [
    '--disable-warning=ExperimentalWarning',
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${timeoutMs}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=./scripts/count-reporter.ts',
    `--test-reporter-destination=${summary}`,
    ...files,
  ]
  const code = await new Promise<number>((resolve) =>
    spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...environment } }).on(
      'close',
      (status) => resolve(status ?? 1),
    ),
  )
  const counts = await readFile(summary, 'utf8').then(
    (text) => JSON.parse(text) as Counts,
    () => ({ passed: 0, failed: 1, skipped: 0, files: [] }),
  )
  if (code !== 0 && counts.failed === 0) counts.failed = 1
  process.stdout.write(`── ${title}: ${counts.passed} passed, ${counts.failed} failed in ${seconds(Date.now() - began)} s\n`)
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

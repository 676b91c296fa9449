import { spawn } from 'node:child_process'
import { glob, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Shared by `npm test` and `npm run proof`: files found and run by node:test, counted from the runner's own summaries. */
export interface Counts {
  passed: number
  failed: number
  skipped: number
}

export async function find(patterns: string[], exclude: (path: string) => boolean): Promise<string[]> {
  const found: string[] = []
  for await (const path of glob(patterns)) if (!path.includes('node_modules') && !exclude(path)) found.push(path)
  return found.sort()
}

/** `timeoutMs`: of a single test. One without an end of its own must not eat CI's time. */
export async function runTests(
  title: string,
  files: readonly string[],
  { concurrency, timeoutMs }: { concurrency: number; timeoutMs: number },
): Promise<Counts> {
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 }
  process.stdout.write(`\n── ${title}: ${files.length} files\n`)
  const summary = join(tmpdir(), `ramet-test-${process.pid}.json`)
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
    spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit'] }).on('close', (status) => resolve(status ?? 1)),
  )
  const counts = await readFile(summary, 'utf8').then(
    (text) => JSON.parse(text) as Counts,
    () => ({ passed: 0, failed: 1, skipped: 0 }),
  )
  await rm(summary, { force: true })
  if (code !== 0 && counts.failed === 0) counts.failed = 1
  process.stdout.write(
    `── ${title}: ${counts.passed} passed, ${counts.failed} failed in ${Math.round((Date.now() - began) / 1000)} s\n`,
  )
  return counts
}

/** The last line, which CI reads, and the exit code: 0 when something passed and nothing failed. */
export function conclude(results: readonly Counts[]): void {
  const sum = (key: keyof Counts) => results.reduce((total, counts) => total + counts[key], 0)
  process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1
  const skipped = sum('skipped')
  process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
}

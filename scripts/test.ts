import { spawn } from 'node:child_process'
import { glob, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * `npm test [FILE…]`: checks, unit tests, then system tests (real VMs, registries, browsers) one file after the other, since they share two cores and the host's
 * namespaces. Ends with the line that CI reads, counted from the test runner's own summaries.
 */
interface Counts {
  passed: number
  failed: number
  skipped: number
}

async function find(patterns: string[], exclude: (path: string) => boolean = () => false): Promise<string[]> {
  const found: string[] = []
  for await (const path of glob(patterns)) if (!exclude(path)) found.push(path)
  return found.sort()
}

async function runTests(title: string, files: readonly string[], concurrency: number): Promise<Counts> {
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 }
  process.stdout.write(`\n── ${title}: ${files.length} files\n`)
  const summary = join(tmpdir(), `ramet-test-${process.pid}.json`)
  const began = Date.now()
  const argv = [
    '--disable-warning=ExperimentalWarning',
    '--test',
    `--test-concurrency=${concurrency}`,
    // A test without an end of its own must not eat CI's time.
    '--test-timeout=1200000',
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

const isSystem = (path: string) => path.endsWith('.system.test.ts')
const isElsewhere = (path: string) => path.includes('node_modules') || path.endsWith('.proof.test.ts')

const chosen = process.argv.slice(2)
const all =
  chosen.length > 0
    ? chosen
    : await find(
        ['packages/*/src/**/*.test.ts', 'packages/*/src/**/*.test.tsx', 'scripts/*.test.ts', 'tests/**/*.test.ts'],
        isElsewhere,
      )
const results = [
  await runTests(
    'checks and unit tests',
    all.filter((path) => !isSystem(path)),
    2,
  ),
  await runTests('system tests', all.filter(isSystem), 1),
]
const sum = (key: keyof Counts) => results.reduce((total, counts) => total + counts[key], 0)
process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1
const skipped = sum('skipped')
process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)

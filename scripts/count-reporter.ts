import type { TestEvent } from 'node:test/reporters'

interface Summary {
  readonly file?: string
  readonly duration_ms: number
  readonly counts: {
    readonly passed: number
    readonly failed: number
    readonly cancelled: number
    readonly skipped: number
    readonly todo: number
  }
}

/** Writes the runner's overall counts, and how long each file took, as JSON. Suites are not tests; a cancelled test has failed. */
// biome-ignore lint/style/noDefaultExport: the runner loads a reporter by its default export
export default async function* countReporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files: { file: string; ms: number }[] = []
  for await (const event of source) {
    if (event.type !== 'test:summary') continue
    const { file, duration_ms, counts } = event.data as unknown as Summary
    if (file !== undefined) files.push({ file, ms: duration_ms })
    else
      yield JSON.stringify({
        passed: counts.passed,
        failed: counts.failed + counts.cancelled,
        skipped: counts.skipped + counts.todo,
        files,
      })
  }
}

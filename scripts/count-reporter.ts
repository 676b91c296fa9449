import type { TestEvent } from 'node:test/reporters'

interface Summary {
  readonly file?: string
  readonly counts: {
    readonly passed: number
    readonly failed: number
    readonly cancelled: number
    readonly skipped: number
    readonly todo: number
  }
}

/** Writes the runner's overall counts as JSON. Suites are not tests; a cancelled test has failed. */
// biome-ignore lint/style/noDefaultExport: the runner loads a reporter by its default export
export default async function* countReporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type !== 'test:summary') continue
    const { file, counts } = event.data as unknown as Summary
    if (file === undefined)
      yield JSON.stringify({
        passed: counts.passed,
        failed: counts.failed + counts.cancelled,
        skipped: counts.skipped + counts.todo,
      })
  }
}

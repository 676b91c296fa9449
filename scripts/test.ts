import { buildWebApp } from '@ramet/server/testing/build-web-app.ts'
import { type Counts, conclude, countLeftovers, find, runTests } from './run-tests.ts'
import { inTestRoot } from './testing/test-root.ts'

/**
 * `npm test [-- FILE…]`. On a fresh machine the images are built first, beside the web app and the unit tests. Then come the fake world and the system tests (real VMs,
 * registries, browsers), two files at once: a file waits for one thing most of the time, a boot say, which takes one core. With three on two cores no time was left
 * for what the server does in the idle class, and its warm starts did not come.
 * Ends with the line that CI reads.
 */
const buildsImages = (path: string) => path.endsWith('image/image.system.test.ts')
const isSystem = (path: string) => (path.endsWith('.system.test.ts') || path.startsWith('tests/')) && !buildsImages(path)
const isUnit = (path: string) => !isSystem(path) && !buildsImages(path)
const timeoutMs = 20 * 60_000

/** Begun first, so that none of them is left alone at the end while a core has nothing to do. In the order of what they took in CI, where that is known. */
const longest = [
  'packages/server/src/store/postgres/simultaneous.test.ts',
  'packages/server/src/runs/simultaneous.test.ts',
  'scripts/checks.test.ts',
  'packages/server/src/store/postgres/postgres.test.ts',
  'tests/machines.system.test.ts',
  'tests/kept-memory.system.test.ts',
  'tests/kept-memory-crash.test.ts',
  'tests/playgrounds.system.test.ts',
  'tests/crash.test.ts',
  'tests/warm-starts.system.test.ts',
  'tests/fresh-clone.system.test.ts',
  'tests/walls.system.test.ts',
  'tests/any-root.system.test.ts',
  'tests/warm-starts-crash.test.ts',
  'packages/engine/src/guest/wake/wake.system.test.ts',
  'tests/main-job.system.test.ts',
  'tests/chain.system.test.ts',
]
const place = (path: string) => (longest.includes(path) ? longest.indexOf(path) : longest.length)

const chosen = process.argv.slice(2)
const all =
  chosen.length > 0
    ? chosen
    : await find(
        ['packages/*/src/**/*.test.ts', 'packages/*/src/**/*.test.tsx', 'scripts/**/*.test.ts', 'tests/**/*.test.ts'],
        (path) => path.endsWith('.proof.test.ts'),
      )
const results: Counts[] = []
const found = await inTestRoot(async (root) => {
  const run = async (title: string, isIn: (path: string) => boolean, options: { concurrency: number; inMemory?: boolean }) => {
    const files = all.filter(isIn).toSorted((a, b) => place(a) - place(b))
    results.push(await runTests(root, { title, files, timeoutMs, ...options }))
  }
  await Promise.all([
    run('images', buildsImages, { concurrency: 1 }),
    buildWebApp().then(() => run('checks and unit tests', isUnit, { concurrency: 2, inMemory: true })),
  ])
  await run('the fake world and real VMs', isSystem, { concurrency: 2 })
})
conclude([...results, countLeftovers(found)])

import { type Counts, conclude, countLeftovers, find, runTests } from './run-tests.ts'
import { inTestRoot } from './testing/test-root.ts'

/**
 * `npm test [-- FILE…]`. On a fresh machine the images are built first, beside the unit tests. Then the fake world's tests, two files at once, since they wait
 * for processes; then system tests (real VMs, registries, browsers) one file after the other, since they share two cores and the host's namespaces.
 * Ends with the line that CI reads.
 */
const buildsImages = (path: string) => path.endsWith('image/image.system.test.ts')
const isSystem = (path: string) => path.endsWith('.system.test.ts') && !buildsImages(path)
const isFakeWorld = (path: string) => path.startsWith('tests/') && !isSystem(path)
const isUnit = (path: string) => !isSystem(path) && !isFakeWorld(path) && !buildsImages(path)
const timeoutMs = 20 * 60_000

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
  const run = async (title: string, isIn: (path: string) => boolean, options: { concurrency: number; inMemory?: boolean }) =>
    void results.push(await runTests(root, { title, files: all.filter(isIn), timeoutMs, ...options }))
  await Promise.all([
    run('images', buildsImages, { concurrency: 1 }),
    run('checks and unit tests', isUnit, { concurrency: 2, inMemory: true }),
  ])
  await run('the fake world', isFakeWorld, { concurrency: 2, inMemory: true })
  await run('system tests', isSystem, { concurrency: 1 })
})
conclude([...results, countLeftovers(found)])

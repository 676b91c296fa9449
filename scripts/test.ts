import { conclude, find, runTests } from './run-tests.ts'

/**
 * `npm test [-- FILE…]`: checks, unit tests, then system tests (real VMs, registries, browsers) one file after the other, since they share two cores
 * and the host's namespaces. Ends with the line that CI reads.
 */
const isSystem = (path: string) => path.endsWith('.system.test.ts')
const timeoutMs = 20 * 60_000

const chosen = process.argv.slice(2)
const all =
  chosen.length > 0
    ? chosen
    : await find(
        ['packages/*/src/**/*.test.ts', 'packages/*/src/**/*.test.tsx', 'scripts/*.test.ts', 'tests/**/*.test.ts'],
        (path) => path.endsWith('.proof.test.ts'),
      )
const quick = all.filter((path) => !isSystem(path))
conclude([
  await runTests('checks and unit tests', quick, { concurrency: 2, timeoutMs }),
  await runTests('system tests', all.filter(isSystem), { concurrency: 1, timeoutMs }),
])

import { type Counts, conclude, countLeftovers, find, runTests } from './run-tests.ts'
import { inTestRoot } from './testing/test-root.ts'

/** `npm run proof [-- FILE…]`: the long forms of the system tests, on real VMs, one file after the other. Figures stand in their diagnostics. */
const chosen = process.argv.slice(2)
const files =
  chosen.length > 0 ? chosen : await find(['packages/*/src/**/*.proof.test.ts', 'tests/**/*.proof.test.ts'], () => false)
const results: Counts[] = []
const found = await inTestRoot(async (root) => {
  results.push(await runTests(root, { title: 'proofs', files, concurrency: 1, timeoutMs: 2 * 60 * 60_000 }))
})
conclude([...results, countLeftovers(found)])

import { conclude, find, runTests } from './run-tests.ts'

/** `npm run proof [-- FILE…]`: the long forms of the system tests, on real VMs, one file after the other. Figures stand in their diagnostics. */
const chosen = process.argv.slice(2)
const files =
  chosen.length > 0 ? chosen : await find(['packages/*/src/**/*.proof.test.ts', 'tests/**/*.proof.test.ts'], () => false)
conclude([await runTests('proofs', files, { concurrency: 1, timeoutMs: 2 * 60 * 60_000 })])

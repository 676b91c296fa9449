import { reap } from './reap.ts'

/**
 * `reaper.ts ROOT`: waits until its standard input ends, which it does however the runner ends, then ends and removes what the tests left.
 * Exits 1 when there was something; says what.
 */
const [, , root = ''] = process.argv
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.stdin.resume()
process.stdin.on('end', async () => {
  const found = await reap(root)
  // Whoever read this may be gone.
  process.stdout.on('error', () => {})
  for (const thing of found) process.stdout.write(`${thing}\n`)
  process.exitCode = found.length === 0 ? 0 : 1
})

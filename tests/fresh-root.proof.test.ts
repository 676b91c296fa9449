import assert from 'node:assert/strict'
import { chmodSync, rmSync, symlinkSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { enterRoot, environmentOfHost, makeDebianRoot } from '../scripts/testing/debian-root.ts'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { finish } from './harness/processes.ts'
import { root } from './harness/server.ts'

const withinMs = 90 * 60_000
/** Files to run instead of all, with blanks between them. */
const chosen = (process.env.RAMET_FRESH_TESTS ?? '').split(' ').filter(Boolean)

/** What a newcomer does on a new machine: a Debian 12 with Node 20 and git, a clone, and `.ci/run`, which installs and builds everything else. */
describe('a fresh Debian 12', { concurrency: false }, () => {
  const folder = testFolder('fresh')
  const inside = (command: string[], timeoutMs: number) =>
    finish(['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', enterRoot, folder, ...command], { timeoutMs })

  before(
    async () => {
      await makeDebianRoot(folder)
      chmodSync(folder, 0o755)
      for (const [name, script] of [
        ['npm', 'npm-cli.js'],
        ['npx', 'npx-cli.js'],
      ] as const)
        symlinkSync(`../lib/node_modules/npm/bin/${script}`, join(folder, 'usr/local/bin', name))
      const cloned = await finish(['git', 'clone', '-q', '--no-hardlinks', root, join(folder, 'srv/ramet')])
      assert.equal(cloned.code, 0, cloned.stderr)
    },
    { timeout: 20 * 60_000 },
  )
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('has nothing of ours but the sources', async () => {
    const look =
      'node --version; for program in qemu-system-x86_64 gcc chromium postgres; do command -v $program; done; ls /var/cache'
    const { stdout } = await inside(['sh', '-c', look], 60_000)
    assert.match(stdout, /^v2\d\./)
    assert.doesNotMatch(stdout, /qemu|gcc|chromium|ramet/)
  })

  test('comes to a green `npm test` by itself', { timeout: withinMs }, async (t) => {
    const began = Date.now()
    const variables = Object.entries({
      ...environmentOfHost(),
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      LANG: 'C.UTF-8',
    })
    const environment = variables.map(([name, value]) => `${name}=${value}`)
    const { code, stdout, stderr } = await inside(['env', '-i', ...environment, '/srv/ramet/.ci/run', ...chosen], withinMs)
    const minutes = ((Date.now() - began) / 60_000).toFixed(1)
    t.diagnostic(`${minutes} min, ${availableParallelism()} CPUs, load afterwards ${loadavg()[0]?.toFixed(1)}`)
    t.diagnostic(stdout.slice(stdout.lastIndexOf('\nThe slowest files')))
    const failures = stdout.split('\n').filter((line) => /✖|── /.test(line))
    assert.equal(code, 0, `${failures.join('\n')}\n${stdout.slice(-6000)}\n${stderr.slice(-3000)}`)
    assert.match(stdout, /\n\d+ passed, 0 failed\n$/)
  })
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createClient } from '@ramet/client/client.ts'
import type { Usage } from '@ramet/model/api/usage.ts'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { leftovers } from './harness/leftovers.ts'
import { ended, finish, until } from './harness/processes.ts'
import { root, testCache } from './harness/server.ts'

const folder = testFolder('clone')
const home = join(folder, 'home')
// mkdtemp lets nobody through; VMs run as a user that must reach their files.
chmodSync(folder, 0o711)
after(() => rm(folder, { recursive: true, force: true }))

// The machine's own Node and npm, as a newcomer has them: not the locked ones that this test runs under.
const path = (process.env.PATH ?? '')
  .split(':')
  .filter((part) => !part.includes('node_modules'))
  .join(':')
const env = {
  RAMET_HOME: home,
  RAMET_PORT: '0',
  RAMET_CACHE: testCache,
  PATH: path,
  NODE_OPTIONS: '',
  // A spare is made after a minute without a request by default, which `activity.test.ts` has.
  RAMET_QUIET_FOR: '1s',
}

test('on a fresh clone `npm start` prints the link, and the CLI starts, uses and destroys a VM', {
  timeout: 900_000,
}, async () => {
  const clone = join(folder, 'ramet')
  const cloned = await finish(['git', 'clone', '-q', root, clone])
  assert.equal(cloned.code, 0, cloned.stderr)
  let output = ''
  const server = spawn('npm', ['start'], {
    cwd: clone,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  server.stdout.on('data', (chunk) => {
    output += chunk
  })
  server.stderr.on('data', (chunk) => {
    output += chunk
  })
  try {
    await until('the link', () => /http:\S+#login=\S+/.test(output), 300_000).catch((error) => {
      throw new Error(`${(error as Error).message}\n${output}`)
    })
    const endpoint = new URL(/http:\S+#login=\S+/.exec(output)?.[0] ?? '').origin
    // Without credentials and at once, whatever is still being built.
    const health = (await (await fetch(`${endpoint}/api/health`)).json()) as { installation: string }
    const ramet = (args: string[], stdin = '') =>
      finish(['npx', '--no-install', 'ramet', ...args], { cwd: clone, env, stdin, timeoutMs: 600_000 })
    const started = await ramet(['playground', 'start', 'debian', '-q'])
    assert.equal(started.code, 0, started.stderr + output.slice(-4000))
    assert.match(started.stdout, /^[0-9a-f]{24}\n$/)
    const id = started.stdout.trim()
    const seven = await ramet(['ssh', id, '--', 'exit 7'])
    assert.equal(seven.code, 7, seven.stderr + output.slice(-4000))
    assert.equal((await ramet(['ssh', id, '--', 'cat'], 'hi\n')).stdout, 'hi\n')
    const doctor = await ramet(['doctor'])
    assert.equal(doctor.code, 0, doctor.stdout)
    const destroyed = await ramet(['playground', 'destroy', '-q', id])
    assert.equal(destroyed.code, 0, destroyed.stderr)
    // Behind the user's back the playground was being kept warm meanwhile: the next start is there at once.
    // Not by the CLI: npx and it take a second of a core, which work in the idle class would not get.
    const token = (await readFile(join(home, 'secrets', 'cli-token'), 'utf8')).trim()
    const client = createClient({ endpoint, token })
    await until(
      'a spare to be ready',
      async () => (await client.usage()).warmStarts.some(({ spares }) => spares === 1),
      300_000,
      1_000,
    )
    const usage = await ramet(['usage', '-o', 'json'])
    assert.equal((JSON.parse(usage.stdout) as Usage).warmStarts[0]?.spares, 1, usage.stdout + usage.stderr)
    const again = await ramet(['playground', 'start', 'debian'])
    assert.match(again.stderr, /^Started warm in .* One run of it was ready\.$/m)
    assert.equal((await ramet(['playground', 'destroy', '-q', again.stdout.trim()])).code, 0)
    if (server.pid !== undefined) process.kill(-server.pid, 'SIGTERM')
    // npm may be gone before the server is.
    await until('nothing to be left', async () => (await leftovers(health.installation, home)).length === 0, 120_000).catch(
      async () => assert.deepEqual(await leftovers(health.installation, home), []),
    )
  } finally {
    if (server.pid !== undefined && server.exitCode === null && server.signalCode === null) process.kill(-server.pid, 'SIGTERM')
    await ended(server)
  }
})

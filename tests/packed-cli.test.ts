import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { packCli } from '../scripts/packing/pack-cli.ts'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { cleanNode } from './harness/clean-node.ts'
import { finish } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** As on a laptop: another home, no checkout, no registry, and where there is one the machine's own, older Node. */
describe('the packed CLI', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  const folder = testFolder('p')
  const { node, home, prefix, cleanly } = cleanNode(folder)
  const ramet = (words: readonly string[], stdin = '') =>
    finish([...cleanly, node, join(prefix, 'lib/node_modules/@ramet/cli/ramet.mjs'), ...words], { stdin, timeoutMs: 60_000 })

  before(async () => {
    await mkdir(home, { recursive: true })
    await server.start()
    const packed = await packCli(folder)
    await rm(prefix, { recursive: true, force: true })
    const { code, stderr } = await finish([...cleanly, 'npm', 'install', '-g', '--offline', '--no-audit', '--no-fund', packed], {
      cwd: folder,
      timeoutMs: 120_000,
    })
    assert.equal(code, 0, stderr)
  })
  after(async () => {
    await server.dispose()
    await rm(folder, { recursive: true, force: true })
  })

  test('is one package, and has its command in the path', async (t) => {
    assert.deepEqual(await readdir(join(prefix, 'lib/node_modules')), ['@ramet'])
    assert.deepEqual((await readdir(join(prefix, 'lib/node_modules/@ramet/cli'))).toSorted(), [
      'LICENSE',
      'README.md',
      'package.json',
      'ramet.mjs',
    ])
    assert.ok(existsSync(join(prefix, 'bin/ramet')))
    t.diagnostic(
      `${execFileSync(node, ['--version']).toString().trim()}, ${(await stat(join(prefix, 'lib/node_modules/@ramet/cli/ramet.mjs'))).size} bytes`,
    )
  })

  test('logs in with a token that it keeps for its user alone', async () => {
    const wrong = await ramet(['login', server.endpoint], 'no-such-token')
    assert.deepEqual([wrong.code, existsSync(join(home, '.config/ramet'))], [1, false])
    assert.match(wrong.stderr, /not_authenticated/)
    const right = await ramet(['login', server.endpoint], `${await server.token()}\n`)
    assert.equal(right.code, 0, right.stderr)
    assert.equal(right.stdout, `${server.endpoint}\n`)
    const file = join(home, '.config/ramet/servers.json')
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    assert.match((await ramet(['whoami'])).stdout, new RegExp(`endpoint: ${server.endpoint}`))
  })

  test('starts a run, works in it, prints it, and destroys it', async () => {
    const { stdout, stderr } = await ramet(['playground', 'start', 'debian', '-q'])
    const id = stdout.trim()
    assert.match(id, /^[0-9a-f]{24}$/, stderr)
    assert.deepEqual(await ramet(['ssh', id, '--', 'uname', '-r']).then(({ code, stdout }) => [code, stdout]), [
      0,
      '6.1.0-fake\n',
    ])
    assert.equal((await ramet(['ssh', id, '--', 'cat'], 'both ways')).stdout, 'both ways')
    assert.equal((await ramet(['ssh', id, '--', 'exit 3'])).code, 3)
    assert.match((await ramet(['playground', 'status', id, '-o', 'yaml'])).stdout, /^state: RUNNING$/m)
    assert.equal((await ramet(['playground', 'destroy', id, '-q'])).stdout, `${id}\n`)
  })

  test('forgets the token at a logout', async () => {
    assert.equal((await ramet(['logout'])).code, 0)
    assert.deepEqual(JSON.parse(await readFile(join(home, '.config/ramet/servers.json'), 'utf8')), { servers: {} })
  })
})

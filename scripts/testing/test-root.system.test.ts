import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { leftovers } from '../../tests/harness/leftovers.ts'
import { ended, until } from '../../tests/harness/processes.ts'
import { root } from '../../tests/harness/server.ts'
import { processesOf } from './reap.ts'
import { memoryFolderOf, testFolder } from './test-folders.ts'

/** `npm test` of one file, which is ended while a server, a pretend VM, a namespace, a mount, a table and a lease are there. */
describe('tests that are ended', { concurrency: false }, () => {
  const folder = testFolder('ended')
  after(() => rmSync(folder, { recursive: true, force: true }))

  /** Resolves once everything is there; with what to end, and what there must not be afterwards. */
  async function running(...command: string[]) {
    const ready = join(folder, 'ready')
    rmSync(ready, { force: true })
    const child = spawn(command[0] ?? '', [...command.slice(1), 'scripts/testing/leaves-everything.ts'], {
      cwd: root,
      env: { ...process.env, RAMET_TEST_READY: ready, NODE_TEST_CONTEXT: undefined },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await until('everything to be there', () => {
      assert.equal(child.exitCode, null, said)
      return existsSync(ready)
    }).catch((error) => {
      throw new Error(`${(error as Error).message}\n${said}`)
    })
    const { installation, home } = JSON.parse(readFileSync(ready, 'utf8')) as { installation: string; home: string }
    const testRoot = home.replace(/^\/dev\/shm\//, '/var/tmp/').replace(/\/[^/]+$/, '')
    const folders = [testRoot, memoryFolderOf(testRoot)]
    const left = async () => [
      ...(await leftovers(installation, home)),
      ...processesOf(folders).map(({ pid, commandLine }) => `process ${pid}: ${commandLine}`),
      ...folders.filter((each) => existsSync(each)),
    ]
    assert.ok((await left()).length > 5, 'everything is there')
    const nothingIsLeft = () =>
      until('nothing to be left', async () => (await left()).length === 0, 30_000).catch(async () =>
        assert.deepEqual(await left(), []),
      )
    return { child, nothingIsLeft }
  }

  test('by SIGTERM of npm leave nothing', async () => {
    const { child, nothingIsLeft } = await running('npm', 'test', '--silent', '--')
    child.kill('SIGTERM')
    await nothingIsLeft()
  })

  test('by Ctrl-C leave nothing', async () => {
    const { child, nothingIsLeft } = await running('npm', 'test', '--silent', '--')
    // A terminal sends it to the whole group.
    process.kill(-(child.pid ?? 0), 'SIGINT')
    await ended(child, 60_000)
    await nothingIsLeft()
  })

  test('by the death of their runner leave nothing', async () => {
    const { child, nothingIsLeft } = await running(process.execPath, 'scripts/test.ts')
    child.kill('SIGKILL')
    await nothingIsLeft()
  })
})

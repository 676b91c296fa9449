import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { packClient } from '../scripts/packing/pack-client.ts'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { openBrowser } from './harness/browser.ts'
import { cleanNode } from './harness/clean-node.ts'
import { codeOf } from './harness/examples-of.ts'
import { finish } from './harness/processes.ts'
import { root, TestServer } from './harness/server.ts'

/** As in somebody's empty folder, far from this repository. */
describe('the packed client', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  const folder = testFolder('c')
  const project = join(folder, 'project')
  const installed = join(project, 'node_modules/@ramet/client')
  const { node, home, cleanly } = cleanNode(folder)
  let examples = ''

  const run = async (...words: readonly string[]) => {
    const done = await finish([...cleanly, ...words], { cwd: project, timeoutMs: 120_000 })
    assert.equal(done.code, 0, done.stdout + done.stderr)
    return done.stdout
  }

  before(async () => {
    await Promise.all([home, project].map((each) => mkdir(each, { recursive: true })))
    await server.start()
    examples = codeOf(await readFile(join(root, 'packages/client/README.md'), 'utf8'))
    const packed = await packClient(folder)
    await run('npm', 'install', '--offline', '--no-audit', '--no-fund', packed)
  })
  after(async () => {
    await server.dispose()
    await rm(folder, { recursive: true, force: true })
  })

  test('is one package without dependencies, and has its types and its page', async () => {
    assert.deepEqual(
      (await readdir(join(project, 'node_modules'))).filter((name) => !name.startsWith('.')),
      ['@ramet'],
    )
    assert.deepEqual((await readdir(installed)).toSorted(), [
      'LICENSE',
      'README.md',
      'browser.js',
      'node.js',
      'package.json',
      'types',
    ])
  })

  test('a program that is written as its page says has the right types, and one that is wrong has not', async () => {
    const tsc = [process.execPath, join(root, 'node_modules/.bin/tsc')]
    const options = { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, types: [], skipLibCheck: false }
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['example.mts'] }))
    const given = 'declare const endpoint: string\ndeclare const token: string\n'
    await writeFile(join(project, 'example.mts'), given + examples)
    await run(...tsc, '-p', project)
    // Types that came out as `any` would take all of this.
    const wrong = [
      'const id: number = run.id',
      "await ramet.start('debian', { titel: 'x' })",
      'const state: "ON" = run.play.state',
      'machine.exec(7)',
      "for await (const event of ramet.events()) if (event.kind === 'none') break",
    ]
    await writeFile(join(project, 'example.mts'), `${given}${examples}\n${wrong.join('\n')}\n`)
    const { stdout } = await finish([...cleanly, ...tsc, '-p', project], { cwd: project, timeoutMs: 60_000 })
    const last = `${given}${examples}`.split('\n').length
    assert.deepEqual(
      [...stdout.matchAll(/example\.mts\((\d+),/g)].map(([, line]) => Number(line) - last),
      wrong.map((_, at) => at + 1),
      stdout,
    )
  })

  test('every example of its page runs', { timeout: 60_000 }, async (t) => {
    const given = { endpoint: server.endpoint, token: await server.token() }
    await writeFile(join(project, 'readme.mjs'), `const { endpoint, token } = ${JSON.stringify(given)}\n${examples}`)
    const said = await run(node, 'readme.mjs')
    t.diagnostic(`${(await run(node, '--version')).trim()}: ${said.trim().replaceAll('\n', ' / ')}`)
    assert.match(said, /^[0-9a-f]{24} runs Linux 6\.1\.0-fake\n/)
    assert.match(said, /\nnot_found .*\n$/)
  })

  test('changes nothing of the program that uses it', async () => {
    // zod keeps its settings there.
    const code = `const names = () => [globalThis, Promise, URL, RegExp].flatMap(Object.getOwnPropertyNames).filter((name) => !name.startsWith('__zod_')).join()
const before = names()
await import('@ramet/client')
if (names() !== before) throw new Error('something is new')`
    await writeFile(join(project, 'global.mjs'), code)
    await run(node, 'global.mjs')
  })

  test('starts a run and works in it from a page, by its cookie', { timeout: 60_000 }, async () => {
    const { context, page, close } = await openBrowser()
    try {
      await context.route('**/try/client.js', async (route) =>
        route.fulfill({ contentType: 'text/javascript', body: await readFile(join(installed, 'browser.js'), 'utf8') }),
      )
      // A document that the server itself sent: Chromium keeps those that a test made up from addresses of this host.
      await page.goto(`${server.endpoint}/api/health`)
      const login = new URLSearchParams(new URL(server.loginLink).hash.slice(1)).get('login')
      const said = await page.evaluate(
        async ({ login, client }) => {
          const { connect } = await import(client)
          const ramet = connect({ endpoint: location.origin })
          await ramet.client.login(login)
          const run = await ramet.start('debian')
          const { stdout, exitCode } = await run.machine().exec(['uname', '-r'])
          await run.destroy()
          return [stdout, exitCode, run.play.state]
        },
        { login, client: `${server.endpoint}/try/client.js` },
      )
      assert.deepEqual(said, ['6.1.0-fake\n', 0, 'DESTROYED'])
    } finally {
      await close()
    }
  })
})

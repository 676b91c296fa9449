import assert from 'node:assert/strict'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { routes } from '@ramet/model/api/routes.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

const linkIn = (text: string) => /https?:\/\/\S+#login=\S+/.exec(text)?.[0] ?? ''
const tokenOf = (link: string) => decodeURIComponent(link.split('#login=')[1] ?? '')

describe('logging a browser in', () => {
  const server = new TestServer({ fake: true })
  before(() => server.start())
  after(() => server.dispose())

  /** What the page of a link asks. */
  const open = async (link: string) => {
    const body = JSON.stringify({ token: tokenOf(link) })
    const answer = await fetch(server.endpoint + routes.login(), { method: 'POST', body, headers: { origin: server.endpoint } })
    const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
    return { status: answer.status, cookie, answer: (await answer.json()) as { code?: string; message?: string; hint?: string } }
  }
  const isLoggedIn = async (cookie: string) =>
    (await fetch(server.endpoint + routes.me(), { headers: { cookie } })).status === 200

  test('the printed link logs in once, and whoever reads the log later gets nothing', async () => {
    const log = server.output
    const first = await open(linkIn(log))
    assert.equal(first.status, 200)
    assert.ok(await isLoggedIn(first.cookie))
    const later = await open(linkIn(log))
    assert.deepEqual([later.status, later.cookie, later.answer.code], [401, '', 'wrong_login_token'])
    assert.match(later.answer.hint ?? '', /npx --no-install ramet login/)
    assert.ok(await isLoggedIn(first.cookie), 'the session goes on')
  })

  test('the server names the command that prints another link, with its home', async () => {
    await until('the line below the link', () => server.output.includes(`RAMET_HOME=${server.home} npx --no-install ramet login`))
  })

  test('ramet login prints another at any time, each good for one login', async () => {
    const links = [await server.ok('login', '--print'), await server.ok('login', '--print')].map(linkIn)
    assert.notEqual(links[0], links[1])
    for (const link of links.toReversed()) assert.ok(await isLoggedIn((await open(link)).cookie))
    for (const link of links) assert.equal((await open(link)).status, 401)
  })

  test('a session cannot make links, so that a stolen one ends', async () => {
    const { cookie } = await open(linkIn(await server.ok('login', '--print')))
    const headers = { cookie, origin: server.endpoint }
    const answer = await fetch(server.endpoint + routes.loginLinks(), { method: 'POST', headers })
    assert.deepEqual([answer.status, ((await answer.json()) as { code: string }).code], [403, 'needs_api_token'])
  })

  test('ramet logout logs every browser out and closes open links, and the CLI goes on', async () => {
    const { cookie } = await open(linkIn(await server.ok('login', '--print')))
    const link = linkIn(await server.ok('login', '--print'))
    assert.match((await server.ramet(['logout'])).stderr, /browsers are logged out/)
    assert.equal(await isLoggedIn(cookie), false)
    assert.equal((await open(link)).status, 401)
    assert.ok(await isLoggedIn((await open(linkIn(await server.ok('login', '--print')))).cookie))
  })

  test('a link that was not used is kept in no file, and ends with its server', async () => {
    const link = linkIn(await server.ok('login', '--print'))
    const files = await readdir(server.home, { recursive: true, withFileTypes: true })
    for (const file of files.filter((one) => one.isFile()))
      assert.ok(!(await readFile(join(file.parentPath, file.name))).includes(tokenOf(link)), file.name)
    await server.restart()
    assert.equal((await open(link)).status, 401)
    assert.equal((await open(server.loginLink)).status, 200)
  })

  test('what lets the CLI in is for the owner of the home alone', async () => {
    const modes = ['secrets', 'secrets/cli-token'].map(async (path) =>
      ((await stat(join(server.home, path))).mode & 0o777).toString(8),
    )
    assert.deepEqual(await Promise.all(modes), ['700', '600'])
  })
})

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Session } from '@ramet/model/api/account.ts'
import { routes } from '@ramet/model/api/routes.ts'
import type { BrowserContext, Page } from 'playwright-core'
import { agentSite, oauthAgent } from './harness/oauth-agent.ts'
import { until } from './harness/processes.ts'
import type { TestServer } from './harness/server.ts'

const timeout = 60_000

/** How an agent logs in: the official client of the protocol, and a real browser that is logged in, in which somebody clicks. */
export function agentLogin(server: TestServer, browser: () => BrowserContext): void {
  let site: Awaited<ReturnType<typeof agentSite>>
  let page: Page
  before(async () => {
    site = await agentSite()
  })
  after(() => site[Symbol.asyncDispose]())

  const click = async (name: string) => page.getByRole('button', { name }).click()
  const open = async (url: URL | string) => {
    await page?.close()
    page = await browser().newPage()
    page.setDefaultTimeout(15_000)
    return page.goto(String(url))
  }
  const form = (path: string, fields: Record<string, string>) =>
    fetch(server.endpoint + path, { method: 'POST', body: new URLSearchParams(fields) })
  const wordOf = async (answer: Response) => ((await answer.json()) as { error: string }).error
  const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code
  const callOf = (client: Awaited<ReturnType<ReturnType<typeof oauthAgent>['connect']>>) =>
    client.callTool({ name: 'list_plays', arguments: {} })

  test('an agent is let in by a click when it calls a tool, works by what it got, renews it, and is out when that is ended', {
    timeout,
  }, async () => {
    const agent = oauthAgent(server.endpoint, site.callback)
    const stranger = await agent.connect()
    assert.ok((await stranger.listTools()).tools.length > 10)
    assert.equal(agent.asked.length, 0, 'nobody is asked before a tool is called')
    await assert.rejects(callOf(stranger), { name: 'UnauthorizedError' })
    const [url] = agent.asked
    assert.ok(url)
    await open(url)
    await page.getByRole('heading', { name: 'Let an agent in?' }).waitFor()
    const shown = (await page.textContent('body')) ?? ''
    for (const text of ['The tester’s <agent>', new URL(site.callback).host, 'destroy runs', `${server.endpoint}/mcp`])
      assert.ok(shown.includes(text), `${text} is not in ${shown}`)
    await click('Let it in')
    const answer = await site.answer()
    assert.deepEqual([answer.get('state'), answer.get('iss')], ['a state & more', server.endpoint])
    await agent.finish(answer)
    const client = await agent.connect()
    assert.ok((await callOf(client)).structuredContent)

    agent.forgetAccess()
    const before = agent.tokens?.refresh_token
    assert.ok((await callOf(client)).structuredContent)
    assert.notEqual(agent.tokens?.refresh_token, before)

    // It opens /mcp alone.
    const headers = { authorization: `Bearer ${agent.tokens?.access_token}` }
    assert.equal((await fetch(server.endpoint + routes.plays(), { headers })).status, 401)

    const [, id = ''] = /^(\S+) +agent +The tester/m.exec(await server.ok('session', 'list')) ?? []
    await server.ok('session', 'end', id)
    await assert.rejects(callOf(client), { name: 'UnauthorizedError' })
    assert.equal(agent.asked.length, 2)
  })

  test('another site that leads here has one more click to wait for, and the agent gets no more than its address says', {
    timeout,
  }, async () => {
    const agent = oauthAgent(server.endpoint, site.callback, '?scopes=playground:read')
    await assert.rejects(callOf(await agent.connect()), { name: 'UnauthorizedError' })
    await open(site.leadingTo(String(agent.asked[0])))
    await page.getByRole('link', { name: 'lead' }).click()
    await page.getByRole('heading', { name: 'Log in first' }).waitFor()
    await page.getByRole('link', { name: 'Go on' }).click()
    await page.getByRole('heading', { name: 'Let an agent in?' }).waitFor()
    assert.ok(!((await page.textContent('body')) ?? '').includes('destroy'))
    await click('Let it in')
    await agent.finish(await site.answer())
    assert.equal(agent.tokens?.scope, 'playground:read')
    const { isError, structuredContent } = await (await agent.connect())
      .callTool({ name: 'set_play_title', arguments: { play_id: 'f'.repeat(24), title: 'x' } })
      .catch((error: Error) => ({ isError: true, structuredContent: { message: error.message } }))
    assert.ok(isError, JSON.stringify(structuredContent))
  })

  test('a program that logs in as labctl does is let in by a click', { timeout }, async () => {
    const begun = (await (await fetch(server.endpoint + routes.programs(), { method: 'POST' })).json()) as Session
    await open(begun.authUrl)
    await page.getByRole('heading', { name: 'Let a program in?' }).waitFor()
    await click('Let it in')
    await page.getByRole('heading', { name: 'The program is in' }).waitFor()
    const headers = { authorization: `Bearer ${begun.accessToken}` }
    const now = (await (await fetch(server.endpoint + routes.program(begun.id), { headers })).json()) as Session
    assert.equal(now.authenticated, true)
  })

  test('whoever refuses lets nobody in, and the agent is told', { timeout }, async () => {
    const agent = oauthAgent(server.endpoint, site.callback)
    await assert.rejects(callOf(await agent.connect()), { name: 'UnauthorizedError' })
    await open(agent.asked[0] ?? '')
    await click('Refuse')
    assert.equal((await site.answer()).get('error'), 'access_denied')
  })

  test('a page of another site approves nothing, and neither does another login', { timeout }, async () => {
    const agent = oauthAgent(server.endpoint, site.callback)
    await assert.rejects(callOf(await agent.connect()), { name: 'UnauthorizedError' })
    await open(agent.asked[0] ?? '')
    const action = (await page.locator('form').getAttribute('action')) ?? ''
    const headers = { authorization: `Bearer ${await server.token()}` }
    assert.equal((await fetch(server.endpoint + action, { method: 'POST', headers })).status, 404)
    assert.equal((await fetch(server.endpoint + action, { method: 'POST' })).status, 401)
    // As a browser sends it for a page of another site, if the cookie went along.
    const cookie = (await browser().cookies(server.endpoint)).map(({ name, value }) => `${name}=${value}`).join('; ')
    assert.match(cookie, /^ramet_session_/)
    const foreign: readonly Record<string, string>[] = [
      { origin: new URL(site.callback).origin },
      { origin: 'null' },
      { origin: 'http://evil.example' },
      { 'sec-fetch-site': 'same-site' },
    ]
    for (const from of foreign) {
      const posted = await fetch(server.endpoint + action, { method: 'POST', headers: { cookie, ...from } })
      assert.deepEqual([posted.status, await codeOf(posted)], [403, 'forbidden_origin'])
    }
    assert.equal(site.heard(), 0)
    // It still waits for whom it waits for.
    await click('Let it in')
    const answer = await site.answer()
    const code = answer.get('code') ?? ''
    const right = {
      grant_type: 'authorization_code',
      code,
      client_id: agent.clientId,
      redirect_uri: site.callback,
      code_verifier: agent.verifier,
    }
    // Whoever reads the code in an address cannot use it, and uses it up.
    assert.equal(await wordOf(await form(routes.agentTokens(), { ...right, code_verifier: 'x'.repeat(43) })), 'invalid_grant')
    assert.equal(await wordOf(await form(routes.agentTokens(), right)), 'invalid_grant')
  })

  test('what is wrong in a request is told: on a page where an answer would go elsewhere, else to the agent', {
    timeout,
  }, async () => {
    const registered = await fetch(server.endpoint + routes.registerAgent(), {
      method: 'POST',
      body: JSON.stringify({ client_name: 'Raw', redirect_uris: [site.callback], grant_types: ['authorization_code'] }),
    })
    assert.equal(registered.status, 201)
    const { client_id } = (await registered.json()) as { client_id: string }
    const verifier = randomBytes(40).toString('base64url')
    const right = {
      client_id,
      redirect_uri: site.callback,
      response_type: 'code',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      resource: `${server.endpoint}/mcp`,
      state: 's',
    }
    const ask = async (changed: Record<string, string>) => {
      const url = `${server.endpoint}${routes.authorizeAgent()}?${new URLSearchParams({ ...right, ...changed })}`
      const answer = await fetch(url, { redirect: 'manual' })
      const to = answer.headers.get('location')
      if (to === null) return answer.status
      assert.ok(to.startsWith(site.callback))
      assert.equal(new URL(to).searchParams.get('state'), 's')
      return new URL(to).searchParams.get('error')
    }
    assert.equal(await ask({}), 401)
    assert.equal(await ask({ redirect_uri: `${site.callback}/more` }), 400)
    assert.equal(await ask({ redirect_uri: 'https://evil.example/' }), 400)
    assert.equal(await ask({ client_id: `${client_id}x` }), 400)
    assert.equal(await ask({ response_type: 'token' }), 'unsupported_response_type')
    assert.equal(await ask({ code_challenge_method: 'plain' }), 'invalid_request')
    assert.equal(await ask({ code_challenge: '' }), 'invalid_request')
    assert.equal(await ask({ resource: 'https://evil.example/mcp' }), 'invalid_target')
    assert.equal(await ask({ resource: `${server.endpoint}/api` }), 'invalid_target')
    assert.equal(await ask({ scope: 'everything' }), 'invalid_scope')

    const refused = await form(routes.agentTokens(), { grant_type: 'password', client_id })
    assert.deepEqual([refused.status, await wordOf(refused)], [400, 'unsupported_grant_type'])
    const unknown = await form(routes.agentTokens(), { grant_type: 'refresh_token', client_id: 'none', refresh_token: 'x' })
    assert.deepEqual([unknown.status, await wordOf(unknown)], [401, 'invalid_client'])
    const wrong = await fetch(server.endpoint + routes.registerAgent(), {
      method: 'POST',
      body: JSON.stringify({ redirect_uris: ['http://agent.example/'] }),
    })
    assert.deepEqual([wrong.status, await wordOf(wrong)], [400, 'invalid_redirect_uri'])
    await until('nothing to have come', () => site.heard() === 0)
  })
}

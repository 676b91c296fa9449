import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { accountService } from '../access/account-service.ts'
import { TokenAuth } from '../access/auth.ts'
import type { AgentRequest, User } from '../services.ts'
import { openDatabase } from '../store/database.ts'
import { tokenStore } from '../store/tokens.ts'
import { agentLogins } from './agent-logins.ts'

const owner: User = { id: 'u1', name: 'owner' }
const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const redirectUri = 'http://127.0.0.1:7777/callback'
const resource = 'http://127.0.0.1:8420/mcp'

async function made() {
  const db = await openDatabase({ file: ':memory:' })
  await db
    .insertInto('users')
    .values({ ...owner, created_at: new Date().toISOString() })
    .execute()
  const clock = { now: new Date() }
  const now = () => clock.now
  const store = tokenStore(db)
  const auth = new TokenAuth(store, { now })
  const agents = agentLogins(store, auth, Buffer.alloc(32, 7), now)
  const clientId = agents.register({ name: 'Test agent', redirectUris: [redirectUri] })
  const browser = (await auth.openSession(auth.makeLink(owner).token))?.token ?? ''
  const verifier = randomBytes(40).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const agent = { name: 'Test agent', redirectUris: [redirectUri] }
  const asked: AgentRequest = {
    clientId,
    agent,
    redirectUri,
    challenge,
    scopes: ['playground:run'],
    resource,
    state: undefined,
    issuer: 'http://127.0.0.1:8420',
  }
  const letIn = async (by = browser) => (await agents.approve(by, agents.ask(by, asked)))?.code ?? ''
  const right = { clientId, redirectUri, verifier, resource }
  return {
    db,
    auth,
    agents,
    accounts: accountService(db, store, auth, now),
    browser,
    clientId,
    asked,
    right,
    letIn,
    tokens: async () => agents.redeem({ ...right, code: await letIn() }),
    later: (ms: number) => (clock.now = new Date(clock.now.getTime() + ms)),
    [Symbol.asyncDispose]: () => db.destroy(),
  }
}

test('a code becomes tokens for what was asked, at /mcp alone; nothing of them is stored but hashes, and the list shows them', async () => {
  await using world = await made()
  const { auth, accounts, browser } = world
  const tokens = await world.tokens()
  assert.equal(tokens.scope, 'playground:run')
  assert.deepEqual(await auth.userAtAgents(tokens.access_token), { ...owner, via: 'Test agent', scopes: ['playground:run'] })
  assert.equal(await auth.userOf(tokens.access_token), undefined)
  assert.equal(await auth.userAtAgents(tokens.refresh_token), undefined)
  const rows = JSON.stringify(await world.db.selectFrom('tokens').selectAll().execute())
  for (const secret of [tokens.access_token, tokens.refresh_token, world.clientId]) assert.ok(!rows.includes(secret))
  const listed = (await accounts.credentials(owner, browser)).find(({ kind }) => kind === 'agent')
  assert.deepEqual([listed?.name, listed?.scope], ['Test agent', ['playground:run']])
  await accounts.endCredential(owner, listed?.id ?? '')
  assert.equal(await auth.userAtAgents(tokens.access_token), undefined)
  await assert.rejects(world.agents.refresh({ refreshToken: tokens.refresh_token, clientId: world.clientId, scope: undefined }), {
    code: 'invalid_grant',
  })
})

for (const [what, wrong] of Object.entries({
  'another verifier': { verifier: randomBytes(40).toString('base64url') },
  'no verifier': { verifier: '' },
  'another redirect': { redirectUri: 'http://127.0.0.1:7778/callback' },
  'another client': { clientId: 'x.y' },
}))
  test(`a code with ${what} opens nothing, and nothing more`, async () => {
    await using world = await made()
    const code = await world.letIn()
    await assert.rejects(world.agents.redeem({ ...world.right, ...wrong, code }), { code: 'invalid_grant' })
    await assert.rejects(world.agents.redeem({ ...world.right, code }), { code: 'invalid_grant' })
  })

test('a code for another resource is refused by name', async () => {
  await using world = await made()
  const code = await world.letIn()
  await assert.rejects(world.agents.redeem({ ...world.right, code, resource: 'http://evil.example/mcp' }), {
    code: 'invalid_target',
  })
})

test('a code that comes twice ends what it opened', async () => {
  await using world = await made()
  const code = await world.letIn()
  const tokens = await world.agents.redeem({ ...world.right, code })
  await assert.rejects(world.agents.redeem({ ...world.right, code }), { code: 'invalid_grant' })
  assert.equal(await world.auth.userAtAgents(tokens.access_token), undefined)
})

test('a code is good for a minute, an access token for an hour, and all of it for 30 days and no longer than the login', async () => {
  await using world = await made()
  const { agents, auth, clientId } = world
  const late = await world.letIn()
  world.later(minuteMs)
  await assert.rejects(agents.redeem({ ...world.right, code: late }), { code: 'invalid_grant' })
  world.later(29 * dayMs)
  const first = await world.tokens()
  world.later(61 * minuteMs)
  assert.equal(await auth.userAtAgents(first.access_token), undefined)
  const second = await agents.refresh({ refreshToken: first.refresh_token, clientId, scope: undefined })
  assert.ok(await auth.userAtAgents(second.access_token))
  // The browser's session ends after 30 days.
  world.later(dayMs)
  assert.equal(await auth.userAtAgents(second.access_token), undefined)
  await assert.rejects(agents.refresh({ refreshToken: second.refresh_token, clientId, scope: undefined }), {
    code: 'invalid_grant',
  })
})

test('a refresh token is another one each time, and one that comes again ends the login', async () => {
  await using world = await made()
  const { agents, auth, clientId } = world
  const first = await world.tokens()
  const refresh = (refreshToken: string, scope?: string) => agents.refresh({ refreshToken, clientId, scope })
  await assert.rejects(refresh(first.refresh_token, 'playground:write'), { code: 'invalid_scope' })
  await assert.rejects(agents.refresh({ refreshToken: first.refresh_token, clientId: 'x.y', scope: undefined }), {
    code: 'invalid_grant',
  })
  const second = await refresh(first.refresh_token, 'playground:read')
  assert.deepEqual((await auth.userAtAgents(second.access_token))?.scopes, ['playground:read'])
  assert.equal(await auth.userAtAgents(first.access_token), undefined)
  await assert.rejects(refresh(first.refresh_token), { code: 'invalid_grant' })
  assert.equal(await auth.userAtAgents(second.access_token), undefined)
  await assert.rejects(refresh(second.refresh_token), { code: 'invalid_grant' })
})

test('of two that renew at once one is answered', async () => {
  await using world = await made()
  const { refresh_token: refreshToken } = await world.tokens()
  const asked = { refreshToken, clientId: world.clientId, scope: undefined }
  const both = await Promise.allSettled([world.agents.refresh(asked), world.agents.refresh(asked)])
  assert.equal(both.filter(({ status }) => status === 'fulfilled').length, 1)
})

test('nobody else approves what waits for one login, and no token with scopes does', async () => {
  await using world = await made()
  const { agents, auth, accounts, browser, asked } = world
  const ticket = agents.ask(browser, asked)
  const other = (await auth.openSession(auth.makeLink(owner).token))?.token ?? ''
  assert.deepEqual([agents.waiting(other, ticket), agents.refuse(other, ticket)], [undefined, undefined])
  assert.equal(await agents.approve(other, ticket), undefined)
  const { accessToken } = await accounts.makeToken(browser, { name: 'x', scope: ['account:write'], expiresInDays: 1 })
  await assert.rejects(agents.approve(accessToken, ticket), { code: 'insufficient_scope' })
  await assert.rejects(agents.approve((await world.tokens()).access_token, ticket), { code: 'insufficient_scope' })
  assert.ok(await agents.approve(browser, ticket))
  assert.equal(await agents.approve(browser, ticket), undefined)
})

test('a logout ends agents that were let in, and those that have a code only', async () => {
  await using world = await made()
  const tokens = await world.tokens()
  const code = await world.letIn()
  await world.auth.closeSessionsOf(owner)
  assert.equal(await world.auth.userAtAgents(tokens.access_token), undefined)
  await assert.rejects(world.agents.redeem({ ...world.right, code }), { code: 'invalid_grant' })
})

test('either token ends the login when it is given back, and nothing else does', async () => {
  await using world = await made()
  for (const which of ['access_token', 'refresh_token'] as const) {
    const tokens = await world.tokens()
    await world.agents.revoke('none')
    await world.agents.revoke(world.browser)
    assert.ok(await world.auth.userAtAgents(tokens.access_token))
    await world.agents.revoke(tokens[which])
    assert.equal(await world.auth.userAtAgents(tokens.access_token), undefined)
  }
  assert.ok(await world.auth.userOf(world.browser))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TokenAuth } from '../access/auth.ts'
import { openDatabase } from '../store/database.ts'
import { tokenStore } from '../store/tokens.ts'
import { findUser, insertUser, openOwner, updateUser, userOf } from '../store/users.ts'
import { type Tampered, TestIdentityProvider, type TestPerson, testClient } from '../testing/identity-provider.ts'
import { githubProvider } from './github.ts'
import { oidcProvider } from './oidc.ts'
import { signInService } from './sign-in-service.ts'

const origin = 'http://localhost:8420'
const ann: TestPerson = { subject: '17', name: 'Ann.B', email: 'ann@lab.example', organisations: ['lab'] }

async function made({ isOpen = true, person = ann } = {}) {
  const db = await openDatabase({ file: ':memory:' })
  const idp = await new TestIdentityProvider(person).listen()
  const said: unknown[] = []
  const tell = (error: unknown) => said.push(error)
  const { id: clientId, secret } = testClient
  const url = new URL(idp.issuer)
  const providers = [
    oidcProvider({ issuer: url, clientId, secret, label: 'Lab', domains: isOpen ? ['lab.example'] : [] }, tell),
    githubProvider({ url, clientId, secret, organisations: isOpen ? ['lab'] : [] }, tell),
  ]
  const auth = new TokenAuth(tokenStore(db))
  const clock = { now: new Date() }
  const service = signInService(db, auth, providers, () => clock.now)
  const { begin, finish } = service

  /** What a browser does: it goes where it is led, clicks, and comes back. Returns the ticket of its cookie and the query. */
  const go = async (id: string, how: { to?: string; connectFor?: string } = {}) => {
    const { url: away, ticket } = await begin(id, { origin, to: how.to, ...how })
    const page = await (await fetch(away)).text()
    const back = new URL((/href="([^"]+)"/.exec(page)?.[1] ?? '').replaceAll('&amp;', '&'))
    assert.equal(back.origin + back.pathname, `${origin}/auth/${id}/callback`)
    return { ticket, query: back.search }
  }
  return {
    db,
    idp,
    auth,
    service,
    said,
    go,
    finish: (id: string, { ticket, query }: { ticket: string; query: string }) => finish(id, ticket, query, undefined),
    signIn: async (id: string, to?: string) => {
      const { ticket, query } = await go(id, to === undefined ? {} : { to })
      const { token = '', ...rest } = await finish(id, ticket, query, undefined)
      return { ...rest, user: await auth.userOf(token) }
    },
    later: (ms: number) => (clock.now = new Date(clock.now.getTime() + ms)),
    async [Symbol.asyncDispose]() {
      await idp[Symbol.asyncDispose]()
      await db.destroy()
    },
  }
}

for (const id of ['oidc', 'github'] as const) {
  test(`${id}: whoever is welcome gets an account at the first sign-in and comes to it at the next, by whatever name`, async () => {
    await using world = await made()
    const first = await world.signIn(id, '/runs/abc?tab=2')
    assert.deepEqual([first.user?.name, first.to], ['ann-b', '/runs/abc?tab=2'])
    world.idp.person = { ...ann, name: 'renamed' }
    assert.equal((await world.signIn(id)).user?.id, first.user?.id)
    assert.deepEqual(
      (await world.service.identities(userOf(await row(world, 'ann-b')))).map(({ name }) => name),
      ['renamed'],
    )
  })

  test(`${id}: somebody else with the same name, also one that is a user’s, is somebody else`, async () => {
    await using world = await made()
    await insertUser(world.db, 'ann-b', 'admin')
    const { user } = await world.signIn(id)
    assert.deepEqual([user?.name, user?.isAdmin], ['ann-b-2', undefined])
    world.idp.person = { ...ann, subject: '18' }
    assert.equal((await world.signIn(id)).user?.name, 'ann-b-3')
  })

  test(`${id}: the invited alone come in where nobody is welcome by a setting; whoever has connected it signs in by it`, async () => {
    await using world = await made({ isOpen: false })
    await assert.rejects(world.signIn(id), { code: 'no_account', status: 403 })
    assert.equal(await findUser(world.db, 'ann-b'), undefined)
    const invited = userOf(await insertUser(world.db, 'ann', 'member'))
    const connectFor = await world.auth.issueApiToken(invited, 'browser')
    const { token } = await world.finish(id, await world.go(id, { connectFor }))
    assert.equal(token, undefined)
    assert.equal((await world.signIn(id)).user?.id, invited.id)
    const other = await world.auth.issueApiToken(await openOwner(world.db), 'browser')
    await assert.rejects(world.finish(id, await world.go(id, { connectFor: other })), { code: 'identity_taken' })
    const [identity] = await world.service.identities(invited)
    await world.service.disconnect(invited, identity?.id ?? '')
    await assert.rejects(world.signIn(id), { code: 'no_account' })
  })

  test(`${id}: a closed account stays closed`, async () => {
    await using world = await made()
    const { user } = await world.signIn(id)
    await updateUser(world.db, user?.id ?? '', { disabled_at: new Date().toISOString() })
    await assert.rejects(world.signIn(id), { code: 'account_disabled' })
  })

  test(`${id}: a state that was tampered with, or is another sign-in’s, is refused`, async () => {
    await using world = await made()
    const [mine, others] = [await world.go(id), await world.go(id)]
    const stateOf = (query: string) => new URLSearchParams(query).get('state') ?? ''
    const changed = { ...mine, query: mine.query.replace(stateOf(mine.query), stateOf(others.query)) }
    await assert.rejects(world.finish(id, changed), { code: 'sign_in_refused', status: 401 })
    await assert.rejects(world.finish(id, { ...others, query: others.query.replace(/&state=[^&]+/, '') }), {
      code: 'sign_in_refused',
    })
    assert.equal((await world.db.selectFrom('identities').selectAll().execute()).length, 0)
  })

  test(`${id}: a code that another browser was sent for is good for nothing here (PKCE)`, async () => {
    await using world = await made()
    const [victim, attacker] = [await world.go(id), await world.go(id)]
    const codeOf = (query: string) => new URLSearchParams(query).get('code') ?? ''
    const injected = { ...attacker, query: attacker.query.replace(codeOf(attacker.query), codeOf(victim.query)) }
    await assert.rejects(world.finish(id, injected), { code: 'sign_in_refused' })
    assert.deepEqual(world.idp.refused, ['invalid_grant'])
  })

  test(`${id}: each sign-in is good once, for ten minutes, for the provider that it was begun with`, async () => {
    await using world = await made()
    const back = await world.go(id)
    await assert.rejects(world.finish(id === 'oidc' ? 'github' : 'oidc', back), { code: 'sign_in_gone' })
    const again = await world.go(id)
    await world.finish(id, again)
    await assert.rejects(world.finish(id, again), { code: 'sign_in_gone' })
    const late = await world.go(id)
    world.later(11 * 60_000)
    await assert.rejects(world.finish(id, late), { code: 'sign_in_gone' })
  })

  test(`${id}: whoever has logged out meanwhile has nothing connected`, async () => {
    await using world = await made()
    const owner = await openOwner(world.db)
    const { token = '' } = (await world.auth.openSession(world.auth.makeLink(owner).token)) ?? {}
    const back = await world.go(id, { connectFor: token })
    await world.auth.closeSession(token)
    await assert.rejects(world.finish(id, back), { code: 'not_authenticated' })
  })
}

for (const tampered of ['nonce', 'audience', 'issuer', 'signature', 'expired', 'no-token'] satisfies Tampered[]) {
  test(`an ID token with a wrong ${tampered} is refused, and lets nobody in`, async () => {
    await using world = await made()
    world.idp.tampered = tampered
    await assert.rejects(world.signIn('oidc'), { code: 'sign_in_refused' })
    assert.equal((await world.db.selectFrom('tokens').selectAll().execute()).length, 0)
    assert.equal(world.said.length, 1, 'the log says what it was')
  })
}

for (const [what, person] of [
  ['an address that nobody has checked', { ...ann, isVerified: false }],
  ['an address of another domain', { ...ann, email: 'ann@lab.example.evil.example' }],
  ['no address', { subject: '17', name: 'ann' }],
] as const) {
  test(`${what} makes nobody welcome`, async () => {
    await using world = await made({ person })
    await assert.rejects(world.signIn('oidc'), { code: 'no_account' })
  })
}

test('whoever is in no organisation of the setting is not welcome', async () => {
  await using world = await made({ person: { ...ann, organisations: ['other'] } })
  await assert.rejects(world.signIn('github'), { code: 'no_account' })
})

test('a provider that is away is told of, and asked again at the next sign-in', async () => {
  await using world = await made()
  await world.idp[Symbol.asyncDispose]()
  await assert.rejects(world.service.begin('oidc', { origin, to: undefined }), { code: 'provider_unreachable', status: 502 })
  await assert.rejects(world.service.begin('elsewhere', { origin, to: undefined }), { code: 'not_found' })
})

test('a name on GitHub is whose it is now', async () => {
  await using world = await made()
  const githubOf = async (name: string) => (await row(world, name)).github
  await world.signIn('github')
  assert.equal(await githubOf('ann-b'), 'ann.b')
  world.idp.person = { ...ann, subject: '18' }
  await world.signIn('github')
  assert.deepEqual([await githubOf('ann-b'), await githubOf('ann-b-2')], [null, 'ann.b'])
})

async function row({ db }: { readonly db: Parameters<typeof findUser>[0] }, name: string) {
  return (await findUser(db, name)) ?? assert.fail(name)
}

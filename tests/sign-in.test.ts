import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createClient } from '@ramet/client/client.ts'
import type { Session } from '@ramet/model/api/account.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { TestIdentityProvider, testClient } from '../packages/server/src/testing/identity-provider.ts'
import { openBrowser } from './harness/browser.ts'
import { picture } from './harness/picture.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

const ann = { subject: '17', name: 'Ann.B', email: 'ann@lab.example' }

/** The tests build on each other. */
describe('sign-in by those who say who people are, and by passkeys', { concurrency: false }, () => {
  const idp = new TestIdentityProvider(ann)
  let folder = ''
  let server: TestServer
  /** A name: browsers keep passkeys for no address. */
  let local = ''
  let browser: Awaited<ReturnType<typeof openBrowser>>

  before(async () => {
    await idp.listen()
    folder = await mkdtemp(join(tmpdir(), 'ramet-secret-'))
    const secret = join(folder, 'secret')
    await writeFile(secret, `${testClient.secret}\n`)
    server = new TestServer({
      fake: true,
      env: {
        RAMET_OIDC_ISSUER: idp.issuer,
        RAMET_OIDC_NAME: 'the Lab',
        RAMET_OIDC_DOMAINS: 'lab.example',
        // Another name: who somebody is, is his issuer and his subject there.
        RAMET_GITHUB_URL: idp.issuer.replace('127.0.0.1', 'localhost'),
        ...Object.fromEntries(
          ['OIDC', 'GITHUB'].flatMap((provider) => [
            [`RAMET_${provider}_CLIENT_ID`, testClient.id],
            [`RAMET_${provider}_CLIENT_SECRET_FILE`, secret],
          ]),
        ),
      },
    })
    await server.start()
    local = server.endpoint.replace('127.0.0.1', 'localhost')
    await until('the web app to be built', async () => (await (await server.client()).health()).web, 180_000)
    browser = await openBrowser()
    browser.page.setDefaultTimeout(30_000)
  })
  after(async () => {
    await browser?.close()
    await server?.dispose()
    await idp[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  /** What a program that plays a browser does. Returns the answer to what it came back with. */
  async function goAndComeBack(to: string, change: (back: URL) => void = () => {}, sendsCookie = true) {
    const begun = await fetch(server.endpoint + routes.beginSignIn('oidc'), { method: 'POST', body: JSON.stringify({ to }) })
    const { url } = (await begun.json()) as { url: string }
    const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? ''
    assert.match(begun.headers.get('set-cookie') ?? '', /HttpOnly; SameSite=Lax/)
    const page = await (await fetch(url)).text()
    const back = new URL((/href="([^"]+)"/.exec(page)?.[1] ?? '').replaceAll('&amp;', '&'))
    change(back)
    const answer = await fetch(back, { headers: sendsCookie ? { cookie } : {}, redirect: 'manual' })
    return { status: answer.status, text: await answer.text(), cookies: answer.headers.getSetCookie() }
  }
  const sessionIn = (cookies: readonly string[]) => cookies.find((each) => /^ramet_session_\w{4}=[^;]/.test(each))

  test('whoever comes back is signed in and led to where he wanted to go, and nowhere else', async () => {
    const { status, text, cookies } = await goAndComeBack('/images?x=1')
    assert.equal(status, 200, text)
    assert.match(text, /content="0;url=&#47;images|content="0;url=\/images\?x=1"/)
    assert.match(sessionIn(cookies) ?? '', /HttpOnly; SameSite=Strict/)
    for (const to of ['//elsewhere.example', 'https://elsewhere.example', '/\\elsewhere.example']) {
      const { text: page } = await goAndComeBack(to)
      assert.ok(page.includes('content="0;url=/"') && !page.includes('elsewhere'), page)
    }
  })

  test('a state of somebody else’s, a code of another browser and a browser without its cookie are let in by nothing', async () => {
    for (const change of [
      (back: URL) => back.searchParams.set('state', 'another'),
      (back: URL) => back.searchParams.set('code', 'another'),
    ]) {
      const { status, cookies, text } = await goAndComeBack('/', change)
      assert.deepEqual([status, sessionIn(cookies)], [401, undefined], text)
    }
    const { status, cookies } = await goAndComeBack('/', () => {}, false)
    assert.deepEqual([status, sessionIn(cookies)], [400, undefined])
    const told = await (await server.client()).audit({ action: 'sign-in' })
    assert.deepEqual(
      new Set(told.filter(({ via }) => via === undefined).map(({ outcome }) => outcome)),
      new Set(['sign_in_refused', 'sign_in_gone']),
    )
  })

  test('in a browser: a stranger signs in with a click and is where he wanted to be; GitHub is connected and leads to the same account', async () => {
    const { page } = browser
    await page.goto(`${local}/images`)
    await page.getByRole('button', { name: 'Sign in with the Lab' }).waitFor()
    await picture(page, 'sign-in-ways')
    await page.getByRole('button', { name: 'Sign in with the Lab' }).click()
    await page.getByRole('link', { name: 'Go on as Ann.B' }).click()
    await page.getByRole('heading', { name: 'Images' }).waitFor()
    assert.equal(new URL(page.url()).pathname, '/images')
    await page.getByRole('link', { name: 'ann-b', exact: true }).click()
    const elsewhere = page.getByRole('region', { name: 'Accounts elsewhere' })
    await elsewhere.getByRole('button', { name: 'Connect GitHub' }).click()
    await page.getByRole('link', { name: 'Go on as Ann.B' }).click()
    await elsewhere.getByRole('listitem').nth(1).waitFor()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Sign in with GitHub' }).click()
    await page.getByRole('link', { name: 'Go on as Ann.B' }).click()
    await page.getByRole('link', { name: 'ann-b', exact: true }).waitFor()
  })

  test('a list that names somebody of GitHub lets him in', async () => {
    const { page } = browser
    const client = await server.client()
    const { name } = await client.playgrounds.create({ name: 'for-ann', base: 'debian', title: 'For Ann', playground: {} })
    const seen = () => page.evaluate(async (path) => (await fetch(path)).status, routes.playground(name))
    assert.equal(await seen(), 404)
    const who = ['owner', 'github:ann.b']
    await client.playgrounds.change(name, { accessControl: { canList: who, canRead: who, canStart: who } })
    assert.equal(await seen(), 200)
  })

  test('a program that logs in without a browser is let in on a page that leads by the sign-in', async () => {
    const { page } = browser
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Sign in with the Lab' }).waitFor()
    const begun = (await (await fetch(local + routes.programs(), { method: 'POST' })).json()) as Session
    await page.goto(begun.authUrl)
    await page.getByRole('link', { name: 'Log in' }).click()
    await page.getByRole('button', { name: 'Sign in with the Lab' }).click()
    await page.getByRole('link', { name: 'Go on as Ann.B' }).click()
    await page.getByRole('button', { name: 'Let it in' }).click()
    await page.getByText('The program is in').waitFor()
    assert.equal((await createClient({ endpoint: local, token: begun.accessToken }).me()).name, 'ann-b')
  })

  test('a passkey is added, named, signs in as freshly as anything, and opens nothing once it is removed', async () => {
    const { page } = browser
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('WebAuthn.enable')
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
    await page.goto(`${local}/account`)
    const passkeys = page.getByRole('region', { name: 'Passkeys' })
    await passkeys.getByLabel('Name of a new passkey').fill('laptop')
    await passkeys.getByRole('button', { name: 'Add a passkey' }).click()
    await passkeys.getByRole('button', { name: 'Rename laptop' }).click()
    await passkeys.getByLabel('New name').fill('work laptop')
    await passkeys.getByRole('button', { name: 'Save laptop' }).click()
    await passkeys.getByText('work laptop').first().waitFor()
    await picture(page, 'passkeys')
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByRole('link', { name: 'ann-b', exact: true }).click()
    await passkeys.getByText(/used on/).waitFor()
    // What outlives a session wants a fresh login.
    const askedToAdd = (path: string) => page.evaluate(async (at) => (await fetch(at, { method: 'POST' })).status, path)
    assert.equal(await askedToAdd(routes.passkeyOptions()), 200)
    await passkeys.getByRole('button', { name: 'Remove work laptop' }).click()
    await passkeys.getByText('work laptop').first().waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByText('This passkey was not taken.').waitFor()
    const told = (await (await server.client()).audit({ user: 'ann-b' })).map(({ action, outcome }) => `${action} ${outcome}`)
    for (const each of ['passkey.add ok', 'passkey.change ok', 'passkey.remove ok', 'identity.connect ok', 'program.admit ok'])
      assert.ok(told.includes(each), each)
  })

  test('where a browser keeps no passkeys it is said why', async () => {
    const { page } = browser
    await page.goto(server.endpoint)
    await page.getByText('Browsers keep passkeys for names').waitFor()
  })
})

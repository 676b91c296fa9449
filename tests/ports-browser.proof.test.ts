import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { routes } from '@ramet/model/api/routes.ts'
import { assembleApp } from '@ramet/server/http/app.ts'
import { listen } from '@ramet/server/http/listen.ts'
import { openHttps } from '@ramet/server/server/open-https.ts'
import { type GuestApp, startGuestApp } from '@ramet/server/testing/guest-app.ts'
import { silent } from '@ramet/server/testing/start-for-test.ts'
import { alice, playId, type Stubs, stubServices } from '@ramet/server/testing/stub-services.ts'
import { LocalAuthority } from '@ramet/server/tls/local-authority.ts'
import type { BrowserContext, Page } from 'playwright-core'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { openBrowser } from './harness/browser.ts'

/** A guest's web application behind published ports in a real browser, by both doors. The guest is a server of this process: what is shown here is between browser and server. */
for (const scheme of ['http', 'https'] as const) {
  describe(`a published port in a browser, by ${scheme}`, { concurrency: false }, () => {
    const opened = new AsyncDisposableStack()
    const home = testFolder('pb')
    let services: Stubs
    let guest: GuestApp
    let app = ''
    let port = ''
    let context: BrowserContext
    let page: Page

    const publish = async (body: object): Promise<string> => {
      const { name } = await services.ports.expose(alice, playId, {
        machine: 'debian',
        number: 80,
        access: 'private',
        tls: false,
        hostRewrite: undefined,
        pathRewrite: undefined,
        protocol: undefined,
        listen: undefined,
        ...body,
      })
      return `${scheme}://${name}.localhost:${port}`
    }
    const shows = (text: string) => page.getByText(text).first().waitFor({ timeout: 20_000 })
    const login = async (token: string) => {
      const { hostname } = new URL(app)
      const isHttps = scheme === 'https'
      await context.addCookies([
        {
          name: isHttps ? '__Host-ramet_session_abcd' : 'ramet_session_abcd',
          value: token,
          domain: hostname,
          path: '/',
          httpOnly: true,
          sameSite: 'Strict',
          secure: isHttps,
        },
      ])
    }

    before(async () => {
      await mkdir(join(home, 'secrets'), { recursive: true })
      opened.defer(() => rm(home, { recursive: true, force: true }))
      services = stubServices()
      guest = opened.use(await startGuestApp())
      services.dial = guest.dial
      const assembled = assembleApp(services, { log: silent, endpoint: 'http://127.0.0.1' })
      opened.defer(() => assembled.app.close())
      const plain = await listen(assembled.app, { host: '127.0.0.1', port: 0 })
      const config = {
        home,
        host: '127.0.0.1',
        httpsPort: 0,
        tlsFiles: undefined,
        publicUrl: undefined,
        names: [],
        portsDomain: 'localhost',
      }
      const tls = await openHttps({ config, installation: 'abcd', app: assembled, log: silent }, opened)
      port = scheme === 'http' ? new URL(plain).port : String(tls.port)
      app = `${scheme}://127.0.0.1:${port}`
      // The browser trusts this one key, as it would trust the authority once that is imported.
      const { identity } = await LocalAuthority.open({ home, installation: 'abcd', names: () => ({ own: [], permitted: [] }) })
      const spki = new X509Certificate(identity.certificate).publicKey.export({ type: 'spki', format: 'der' })
      const browser = await openBrowser([
        `--ignore-certificate-errors-spki-list=${createHash('sha256').update(spki).digest('base64')}`,
      ])
      opened.defer(() => browser.close())
      context = browser.context
      page = browser.page
      page.setDefaultTimeout(20_000)
    })
    after(() => opened.disposeAsync())

    test('a stranger gets a page to sign in, then 403, and the guest hears nothing', async () => {
      const origin = await publish({})
      const answer = await page.goto(`${origin}/next`)
      assert.equal(answer?.status(), 401)
      await page.getByRole('link', { name: 'Sign in with Ramet' }).click()
      await shows('Log in to Ramet first')
      assert.equal(new URL(page.url()).origin, app)
      await login('bob-token')
      await page.goto(`${origin}/next`)
      const said = page.waitForResponse((response) => response.url().endsWith(routes.portLogins()))
      await page.getByRole('link', { name: 'Sign in with Ramet' }).click()
      assert.equal((await said).status(), 403)
      await shows('403: not for you')
      assert.equal(guest.seen.length, 0)
    })

    test('its owner is led in, and websockets, events, uploads and absolute links work there', async () => {
      await login('alice-token')
      const origin = await publish({})
      await page.goto(`${origin}/`)
      await page.getByRole('link', { name: 'Sign in with Ramet' }).click()
      await shows('Guest app')
      await Promise.all([shows('echoed'), shows('first'), shows('3000000')])
      assert.equal(page.url(), `${origin}/`)
      await page.getByRole('link', { name: 'next' }).click()
      await shows('Next page')
      assert.equal(page.url(), `${origin}/next`)
      for (const { headers } of guest.seen) {
        assert.doesNotMatch(headers.cookie ?? '', /ramet/)
        assert.equal(headers.authorization, undefined)
      }
    })

    test('a public one is shown to whoever knows its name', async () => {
      const origin = await publish({ access: 'public', number: 81 })
      await context.clearCookies()
      const answer = await page.goto(`${origin}/next`)
      assert.equal(answer?.status(), 200)
      await shows('Next page')
    })

    test('a cookie, a script and a service worker of the guest’s page reach nothing but their own host', async () => {
      const evil = await publish({ access: 'public', number: 82 })
      const other = await publish({ access: 'public', number: 83 })
      const mine = await publish({ number: 84 })
      await login('alice-token')
      await page.goto(`${app}/enter-port?name=${new URL(mine).hostname.split('.')[0]}&to=/next`)
      await shows('Next page')

      await page.goto(`${evil}/cookies`)
      await page.evaluate(() => {
        // biome-ignore lint/suspicious/noDocumentCookie: as a guest’s script does
        document.cookie = 'tossed=1; domain=localhost; path=/'
        // biome-ignore lint/suspicious/noDocumentCookie: as a guest’s script does
        document.cookie = 'ramet_session_abcd=evil; domain=localhost; path=/'
      })
      for (const at of [app, other, mine, `${scheme}://localhost:${port}`])
        assert.deepEqual(
          (await context.cookies(at)).filter(({ value }) => value === '1' || value === 'evil'),
          [],
          at,
        )

      await page.evaluate(async () => {
        await navigator.serviceWorker.register('/sw.js')
        await navigator.serviceWorker.ready
      })
      await page.goto(`${evil}/from-worker`)
      await shows('worker')
      const outside = await page.goto(`${other}/from-worker`)
      assert.equal(outside?.status(), 404)
      assert.equal((await page.goto(`${app}${routes.health()}`))?.status(), 200)

      const before = guest.seen.length
      await page.goto(`${evil}/next`)
      const reached = await page.evaluate(
        async (urls) => {
          const ask = async (url: string, init: RequestInit) => {
            try {
              return String((await fetch(url, { credentials: 'include', ...init })).status)
            } catch {
              return 'refused'
            }
          }
          const socket = (url: string) =>
            new Promise<string>((resolve) => {
              const opening = new WebSocket(url.replace(/^http/, 'ws'))
              opening.onopen = () => resolve('open')
              opening.onerror = () => resolve('refused')
            })
          return [
            await ask(`${urls.app}/api/auth/me`, {}),
            await ask(`${urls.app}/api/plays`, { method: 'POST', body: '{"playground":"debian"}' }),
            await ask(`${urls.mine}/headers`, {}),
            await ask(`${urls.mine}/upload`, { method: 'POST', body: 'x' }),
            await socket(`${urls.mine}/ws`),
            await socket(`${urls.app}/api/plays/${urls.play}/machines/debian/console`),
          ]
        },
        { app, mine, play: playId },
      )
      assert.deepEqual(reached, Array(6).fill('refused'))
      await page.evaluate(
        async (url) => void (await fetch(url, { mode: 'no-cors', credentials: 'include', method: 'POST' }).catch(() => {})),
        `${mine}/upload`,
      )
      assert.deepEqual(
        guest.seen.slice(before).map(({ url }) => url),
        ['/next'],
      )
    })
  })
}

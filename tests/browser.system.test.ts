import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { openBrowser } from './harness/browser.ts'
import { picture } from './harness/picture.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** What a newcomer does in the dashboard, with a real browser and a real VM. */
describe('the dashboard', { concurrency: false }, () => {
  const server = new TestServer()
  let browser: Awaited<ReturnType<typeof openBrowser>>
  let page: Page
  let id = ''
  let shell: Page

  before(async () => {
    await server.start()
    const client = await server.client()
    await until('the web app to be built', async () => (await client.health()).web, 180_000)
    browser = await openBrowser()
    page = browser.page
    page.setDefaultTimeout(60_000)
  })
  after(async () => {
    await browser?.close()
    await server.dispose()
  })

  /** What the terminal shows, as text. xterm draws rows as elements only with its DOM renderer, which the app uses. */
  // biome-ignore lint/performance/useDomNodeTextContent: rows are lines only as they are laid out
  const screen = async (on: Page = page) => (await on.locator('.xterm-rows').first().innerText()).replace(/\u00a0/g, ' ')
  const shows = (pattern: RegExp, timeoutMs = 60_000) =>
    until(`the terminal to show ${pattern}`, async () => pattern.test(await screen()), timeoutMs).catch(async (error) => {
      throw new Error(`${(error as Error).message}; it shows:\n${await screen().catch(String)}`)
    })
  const type = async (line: string) => {
    await page
      .getByLabel(/Terminal of debian/)
      .first()
      .click()
    await page.keyboard.type(`${line}\n`)
  }

  /** The shell of before, once the terminal takes input again. */
  const answers = (word: string) =>
    until(
      `the same shell to answer ${word}`,
      async () => {
        await type(`echo "${word} <$answer>"`)
        return (await screen()).includes(`${word} <kept-42>`)
      },
      90_000,
      2000,
    )

  test('the printed link logs in and leaves no token in the address bar', async () => {
    await page.goto(server.loginLink)
    await page.getByRole('heading', { name: /catalog/i }).waitFor()
    assert.doesNotMatch(page.url(), /login/)
  })

  test('the same link in another browser says what to do, and a new one pasted there logs in', async () => {
    await browser.context.clearCookies()
    await page.goto('about:blank')
    await page.goto(server.loginLink)
    await page.getByText('was used already').waitFor()
    await page.getByText('npx --no-install ramet login', { exact: true }).waitFor()
    await page.getByLabel(/login link/i).fill(await server.ok('login', '--print'))
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('heading', { name: /catalog/i }).waitFor()
  })

  test('a click on Start brings up a Debian and its terminal', async () => {
    await page.getByRole('button', { name: /start/i }).first().click()
    await page.waitForURL(/\/runs\/[0-9a-f]{24}/)
    id = /[0-9a-f]{24}/.exec(page.url())?.[0] ?? ''
    await page
      .getByLabel(/Terminal of debian/)
      .first()
      .waitFor({ timeout: 300_000 })
    await shows(/[#$] *$/m, 120_000)
  })

  test('what is typed runs in the guest', async () => {
    await type('answer=kept-$((40+2))')
    await type('echo $((6*7))')
    await shows(/^42$/m)
  })

  test('a reload brings the scrollback back, and what is typed meanwhile reaches the shell whole', async () => {
    await page.reload()
    await type('echo early $((30+3))')
    await shows(/^42$/m)
    await shows(/^early 33$/m)
  })

  test('after kill -9 of the server the terminal comes back to the same shell', async () => {
    const port = new URL(server.endpoint).port
    await server.restart({ RAMET_PORT: port })
    await answers('again')
  })

  test('the terminal goes on without any network in the guest, and behind a firewall that drops all', async () => {
    await type('ip link set lo down; ip link set eth0 down')
    await type(
      'nft add table ip w; nft add chain ip w i "{ type filter hook input priority 0; policy drop; }"; nft add chain ip w o "{ type filter hook output priority 0; policy drop; }"',
    )
    await type('echo still $((50+5))')
    await shows(/^still 55$/m)
    await page.reload()
    await shows(/^still 55$/m)
    await type('echo again $((60+6))')
    await shows(/^again 66$/m)
    await type('nft flush ruleset; ip link set lo up; ip link set eth0 up; clear')
  })

  test('a terminal follows the size of the window', async () => {
    await page.setViewportSize({ width: 1000, height: 700 })
    await until(
      'the guest to know the new size',
      async () => {
        await type('clear; echo size $(tput cols 2>/dev/null || stty size | cut -d" " -f2) end')
        return /^size \d+ end$/m.test(await screen())
      },
      60_000,
      1500,
    )
    const columns = Number(/^size (\d+) end$/m.exec(await screen())?.[1])
    assert.ok(columns > 40 && columns < 200, `${columns} columns`)
    await page.setViewportSize({ width: 1280, height: 800 })
  })

  test('a flood of output is held back and can be interrupted', async () => {
    await type('clear; yes flooding')
    await shows(/flooding/)
    await page.keyboard.press('Control+c')
    await until(
      'the prompt to come back',
      async () => {
        await type('echo calm $((70+7))')
        return /^calm 77$/m.test(await screen())
      },
      60_000,
      1000,
    )
  })

  test('the run is cloned as it runs, and the shell goes on in the clone as in its source', async () => {
    await type('clear')
    await page.getByRole('button', { name: 'Clone as it runs' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Memory, processes and connections of its machine are captured at one instant').waitFor()
    await dialog.getByRole('button', { name: 'Clone' }).click()
    await page.waitForURL((url) => /\/runs\/[0-9a-f]{24}/.test(url.pathname) && !url.pathname.includes(id), { timeout: 120_000 })
    const clone = /[0-9a-f]{24}/.exec(page.url())?.[0] ?? ''
    await page.getByRole('button', { name: /^Cloned from .*, as it was .* UTC$/ }).waitFor({ timeout: 120_000 })
    await answers('in the clone')
    await page.goto(`${server.endpoint}/runs/${id}`)
    await answers('in the source')
    assert.doesNotMatch(await screen(), /in the clone/)
    const { plays } = await server.client()
    await plays.destroy(clone)
    await until('the clone to be DESTROYED', async () => (await plays.get(clone)).state === 'DESTROYED')
  })

  test('a published shell is a page of its own, for whoever is logged in; each visitor of a public one has his own', async () => {
    const url = (await server.ok('expose', 'shell', id, '-q')).trim()
    shell = await browser.context.newPage()
    await shell.goto(url)
    await shell.getByRole('link', { name: 'Sign in with Ramet' }).click()
    await shell.getByText('Private: yours alone.').waitFor()
    assert.equal(shell.url(), url)
    const says = (on: Page, pattern: RegExp) =>
      until(`the published shell to show ${pattern}`, async () => pattern.test(await screen(on)), 60_000)
    await says(shell, /[#$] *$/m)
    await shell.keyboard.type('mark=found-again; echo "I am $(id -un) on $(hostname)"\n')
    await says(shell, /^I am \w+ on debian$/m)
    await picture(shell, 'published-shell')
    await shell.reload()
    await says(shell, /^I am \w+ on debian$/m)

    const details = page.getByRole('complementary', { name: 'Details' })
    const open = (await server.ok('expose', 'shell', `${id}/debian`, '--user', 'root', '--public', '-q')).trim()
    const visitor = await browser.context.newPage()
    await visitor.goto(open)
    await visitor.getByText('Public: whoever has the address').waitFor()
    await says(visitor, /[#$] *$/m)
    await visitor.keyboard.type('echo "a stranger: <$mark>"\n')
    await says(visitor, /^a stranger: <>$/m)
    const listed = await server.ok('expose', 'list', id)
    const published = /^(\w+) +shell +debian +root +public/m.exec(listed)?.[1]
    assert.ok(published, listed)
    const host = (await server.ok('expose', id, '53', '--udp', '0', '-q')).trim()
    await page.reload()
    await details.getByText('Shell of root on debian · Whoever knows the address').waitFor()
    await details.getByText(host).waitFor()
    assert.equal(await details.getByRole('link', { name: open }).getAttribute('href'), open)
    await picture(page, 'published-list')
    await server.ok('expose', 'remove', id, published)
    await visitor.getByText('There is no published port or shell').waitFor()
    await visitor.close()
  })

  test('stop, continue and destroy are buttons; the list shows the state', async () => {
    await page
      .getByRole('button', { name: /^stop$/i })
      .first()
      .click()
    await page
      .getByText(/stopped/i)
      .first()
      .waitFor({ timeout: 120_000 })
    await page.getByRole('button', { name: /^Save as playground Keep/ }).waitFor()
    await page
      .getByRole('button', { name: /^Continue Every process goes on where it was: memory included, from .*; it takes/ })
      .waitFor()
    await page
      .getByRole('button', { name: /^continue$/i })
      .first()
      .click()
    await shows(/[#$] *$/m, 300_000)
    await page.getByRole('button', { name: /^Resumed from .* UTC, when it was stopped$/ }).waitFor()
    await answers('after the stop')
    await until(
      'the published shell to go on as well',
      async () => {
        await shell.locator('.xterm').click()
        await shell.keyboard.type('echo "after the stop: <$mark>"\n')
        return (await screen(shell)).includes('after the stop: <found-again>')
      },
      60_000,
      1000,
    )
    await page.goto(server.endpoint)
    const row = page.getByRole('listitem').filter({ has: page.locator(`a[href="/runs/${id}"]`) })
    await row.getByRole('button', { name: /^destroy$/i }).click()
    await page
      .getByRole('alertdialog')
      .getByRole('button', { name: /destroy/i })
      .click()
    const client = await server.client()
    await until('the run to be DESTROYED', async () => (await client.plays.get(id)).state === 'DESTROYED', 60_000)
  })
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { agentLogin } from './agent-login.ts'
import { openBrowser } from './harness/browser.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** What the dashboard offers for a run at rest, and for a playground whose image is not there, with a real browser on the fake world. */
describe('the dashboard in the fake world', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  let browser: Awaited<ReturnType<typeof openBrowser>>
  let page: Page
  let id = ''

  before(async () => {
    await server.start()
    const client = await server.client()
    await until('the web app to be built', async () => (await client.health()).web, 180_000)
    id = (await server.ok('playground', 'start', 'debian', '--title', 'Shop with wares', '-q')).trim()
    await server.ok('playground', 'stop', id, '--power-off', '-q')
    browser = await openBrowser()
    page = browser.page
    page.setDefaultTimeout(30_000)
    await page.goto((await server.ok('login', '--print')).trim())
    await page.getByRole('heading', { name: 'Catalogue' }).waitFor()
  })
  after(async () => {
    await browser?.close()
    await server.dispose()
  })

  const choice = (name: RegExp) => page.getByRole('tabpanel').getByRole('button', { name })

  test('a stopped run offers three ways on, each with a sentence', async () => {
    await page.goto(`${server.endpoint}/runs/${id}`)
    await choice(/^Continue Switch the machines on again/).waitFor()
    await choice(/^Clone Make another run/).waitFor()
    await choice(/^Save as playground Keep this state/).waitFor()
  })

  test('a stopped run is cloned by a click, which leads to the clone and its lineage', async () => {
    await choice(/^Clone/).click()
    await page.getByRole('heading', { level: 1, name: 'Shop with wares (clone)' }).waitFor()
    assert.notEqual(/[0-9a-f]{24}/.exec(page.url())?.[0], id)
    const lineage = page.getByRole('region', { name: 'Lineage' })
    await lineage.getByRole('link', { name: 'Shop with wares' }).click()
    await page.getByRole('heading', { level: 1, name: 'Shop with wares', exact: true }).waitFor()
  })

  test('a stopped run is saved by a dialog that tells faults at their fields', async () => {
    await choice(/^Save as playground/).click()
    const dialog = page.getByRole('dialog')
    const name = dialog.getByLabel('Name', { exact: true })
    assert.equal(await name.inputValue(), 'shop-with-wares')
    await name.fill('Not a name')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByText('must be lower-case letters').waitFor()
    await name.fill('debian')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByText('debian-2 is free.').waitFor()
    await name.fill('wares')
    await dialog.getByLabel('Description').fill('A shop with all its wares.')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved as wares').waitFor()
    assert.equal((await (await server.client()).playgrounds.get('wares')).description, 'A shop with all its wares.')
  })

  test('the saved playground stands in the catalogue, where it is edited, started and removed', async () => {
    await page.goto(server.endpoint)
    const card = page.getByRole('list', { name: 'Your playgrounds' }).getByRole('listitem')
    await card.getByText('Saved from Shop with wares').waitFor()
    await card.getByRole('button', { name: 'Edit' }).click()
    await page.getByRole('dialog').getByLabel('Title').fill('Wares of all kinds')
    await page.getByRole('dialog').getByRole('button', { name: 'Save changes' }).click()
    await page.getByRole('listitem', { name: 'Wares of all kinds' }).waitFor()
    await card.getByRole('button', { name: 'Start' }).click()
    await page.waitForURL(/\/runs\/[0-9a-f]{24}/)
    await page.getByRole('region', { name: 'Lineage' }).getByText('Wares of all kinds').waitFor()
    await page.goto(server.endpoint)
    await card.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByText('wares was removed').waitFor()
    await until('the card to be gone', async () => (await card.count()) === 0)
  })

  test('a running run is cloned as often as is asked, and its clones are in the list', async () => {
    await page.goto(`${server.endpoint}/runs/${id}`)
    await choice(/^Continue/).click()
    await page.getByRole('button', { name: 'Booted' }).waitFor()
    await page.getByRole('button', { name: 'Clone as it runs' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Shop with wares pauses for a blink and runs on.').waitFor()
    await dialog.getByLabel('How many clones').selectOption('2')
    await dialog.getByRole('button', { name: 'Clone' }).click()
    await page.getByText('2 clones were made').waitFor()
    const rows = page.getByRole('region', { name: 'Runs' }).getByRole('listitem')
    await until('both clones in the list', async () => (await rows.filter({ hasText: 'Resumed' }).count()) === 2)
  })

  test('a stopped run goes on with its memory, or boots when that is asked for', async () => {
    await page.goto(`${server.endpoint}/runs/${id}`)
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await choice(/^Continue Every process goes on where it was: memory included, from/).click()
    await page.getByRole('button', { name: /^Resumed from .*, when it was stopped$/ }).waitFor()
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await choice(/^Boot/).click()
    await page.getByRole('button', { name: 'Booted' }).waitFor()
    await page.getByRole('button', { name: 'Shut down without keeping its memory' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Shut down' }).click()
    await choice(/^Continue Switch the machines on again/).waitFor()
    assert.equal(await choice(/^Boot/).count(), 0)
  })

  test('every row of the list says what it takes on disk', async () => {
    await page.goto(server.endpoint)
    const rows = page.getByRole('region', { name: 'Runs' }).getByRole('listitem')
    await until('five rows', async () => (await rows.count()) === 5)
    for (const row of await rows.all()) await row.getByText(/^\d+(\.\d+)?\s([KMG]i)?B( of its own)?$/).waitFor()
  })

  test('a start that is refused for want of an image offers its build, and waits for it then', async () => {
    const { playgrounds } = await server.client()
    const machines = [{ name: 'one', drives: [{ source: 'costly', mount: '/' }] }]
    await playgrounds.create({ base: 'flexbox', name: 'slow', title: 'Takes long to build', machines })
    await page.goto(server.endpoint)
    const card = page.getByRole('listitem', { name: 'Takes long to build' })
    await card.getByText('image not built').waitFor()
    await card.getByRole('button', { name: 'Start' }).click()
    const dialog = page.getByRole('dialog', { name: 'Build costly first?' })
    await dialog.getByText('It takes half a second.').waitFor()
    await dialog.getByRole('button', { name: 'Build' }).click()
    await page.getByText('The image is being built').waitFor()
    await card.getByText('image not built').waitFor({ state: 'detached' })
    await card.getByRole('button', { name: 'Start' }).click()
    await page.waitForURL(/\/runs\/[0-9a-f]{24}/)
    await page.getByRole('button', { name: 'Booted' }).waitFor()
  })

  describe('an agent', { concurrency: false }, () => agentLogin(server, () => browser.context))
})

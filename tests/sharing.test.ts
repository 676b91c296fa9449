import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createClient } from '@ramet/client/client.ts'
import type { Client } from '@ramet/client/client-shape.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { openBrowser } from './harness/browser.ts'
import { picture } from './harness/picture.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** Ann has a lab; Bob and Carol are on the same server. The tests build on each other. */
describe('a playground that is shared', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  const people: Record<string, Client> = {}
  const passwords: Record<string, string> = {}
  const of = (name: string): Client => people[name] as Client
  let run = ''

  /** Signs somebody in as a person would, and keeps a token. */
  async function join(name: string): Promise<void> {
    const token = decodeURIComponent((await server.ok('user', 'add', name)).trim().split('#login=')[1] ?? '')
    const headers = { origin: server.endpoint }
    const login = await fetch(server.endpoint + routes.login(), { method: 'POST', body: JSON.stringify({ token }), headers })
    const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
    const password = `the password of ${name}`
    await fetch(server.endpoint + routes.password(), {
      method: 'PUT',
      body: JSON.stringify({ password }),
      headers: { ...headers, cookie },
    })
    passwords[name] = password
    const anybody = createClient({ endpoint: server.endpoint })
    const { accessToken } = await anybody.tokenOf({ name, password }, 'test')
    people[name] = createClient({ endpoint: server.endpoint, token: accessToken })
  }
  /** `ramet` as Ann. */
  const ann = async (...args: string[]) => {
    const token = passwords.annToken ?? ''
    const { code, stdout, stderr } = await server.ramet(['--endpoint', server.endpoint, '--token', token, ...args])
    assert.equal(code, 0, stderr)
    return { stdout, stderr }
  }
  const names = async (name: string, filter = 'all') => (await of(name).playgrounds.list(filter)).map((each) => each.name)

  before(async () => {
    await server.start()
    for (const name of ['ann', 'bob', 'carol']) await join(name)
    passwords.annToken = (
      await createClient({ endpoint: server.endpoint }).tokenOf({ name: 'ann', password: passwords.ann ?? '' }, 'cli')
    ).accessToken
    const { id } = await of('ann').plays.start({ playground: 'debian' })
    await until('the run to be RUNNING', async () => (await of('ann').plays.get(id)).state === 'RUNNING')
    await ann('playground', 'stop', id, '-q')
    await of('ann').plays.save(id, { name: 'anns-lab', title: 'Ann’s lab' })
  })
  after(async () => {
    for (const client of Object.values(people)) await destroyAll(client)
    await server.dispose()
  })

  test('begins as its owner’s alone: for others it is as if it were not there', async () => {
    assert.equal((await of('ann').playgrounds.get('anns-lab')).visibility, 'private')
    for (const name of ['bob', 'carol']) {
      assert.ok(!(await names(name)).includes('anns-lab'))
      await assert.rejects(of(name).playgrounds.get('anns-lab'), { code: 'not_found' })
      await assert.rejects(of(name).plays.start({ playground: 'anns-lab' }), { code: 'not_found' })
    }
  })

  test('with one person: he lists, reads and starts it, and she who is not named sees nothing', async () => {
    const { stderr } = await ann('playground', 'share', 'anns-lab', '--with', 'bob')
    assert.match(stderr, /You may start it, and: bob\./)
    assert.deepEqual(await names('bob', 'community'), ['anns-lab'])
    const shown = await of('bob').playgrounds.get('anns-lab')
    assert.deepEqual(
      [shown.ownerName, shown.visibility, shown.userAccess],
      ['ann', 'limited', { canList: true, canRead: true, canStart: true }],
    )
    assert.deepEqual([shown.accessControl, shown.savedFrom], [undefined, undefined], 'neither who else, nor whose run')
    run = (await of('bob').plays.start({ playground: 'anns-lab' })).id
    await until('his run to be RUNNING', async () => (await of('bob').plays.get(run)).state === 'RUNNING')
    await assert.rejects(of('carol').playgrounds.get('anns-lab'), { code: 'not_found' })
    assert.ok(!(await names('carol')).includes('anns-lab'))
  })

  test('gives nobody another’s run: neither hers to him, nor his to her, nor either to the admin', async () => {
    for (const client of [of('ann'), of('carol'), await server.client()]) {
      await assert.rejects(client.plays.get(run), { code: 'not_found' })
      assert.ok(!(await client.plays.list()).some(({ id }) => id === run))
    }
    const lineage = JSON.stringify(await of('bob').playgrounds.lineage('anns-lab'))
    assert.ok(lineage.includes(run))
    for (const { id } of await of('ann').plays.list()) assert.ok(!lineage.includes(id), 'her run')
  })

  test('is changed, shared and removed by its owner alone', async () => {
    const his = of('bob').playgrounds
    const everybody = { canList: ['anyone'], canRead: ['anyone'], canStart: ['anyone'] }
    await assert.rejects(his.change('anns-lab', { title: 'Bob’s now' }), { code: 'not_yours' })
    await assert.rejects(his.change('anns-lab', { accessControl: everybody }), { code: 'not_yours' })
    await assert.rejects(his.remove('anns-lab'), { code: 'not_yours' })
    assert.equal((await of('ann').playgrounds.get('anns-lab')).visibility, 'limited')
  })

  test('seen but not started: the refusal says so', async () => {
    const lists = { canList: ['user:bob'], canRead: ['user:bob'], canStart: ['owner'] }
    await of('ann').playgrounds.change('anns-lab', { accessControl: lists })
    assert.equal((await of('bob').playgrounds.get('anns-lab')).userAccess.canStart, false)
    await assert.rejects(of('bob').plays.start({ playground: 'anns-lab' }), { code: 'not_permitted', status: 403 })
  })

  test('taken back: it is gone for him, and his run goes on', async () => {
    await ann('playground', 'share', 'anns-lab', '--private')
    assert.ok(!(await names('bob')).includes('anns-lab'))
    assert.equal((await of('bob').plays.get(run)).state, 'RUNNING')
    const { stderr } = await ann('playground', 'share', 'anns-lab', '--public')
    assert.match(stderr, /Everybody on this server/)
    for (const name of ['bob', 'carol']) assert.ok((await names(name)).includes('anns-lab'))
  })

  test('a manifest says who may, in either form, and what it prints is what holds', async () => {
    const machines = [{ name: 'box', drives: [{ source: 'debian-stable', mount: '/' }] }]
    const lists = { canList: ['owner', 'user:carol'], canRead: ['owner', 'user:carol'], canStart: ['owner', 'github:eve'] }
    const made = await of('ann').playgrounds.create({
      name: 'two',
      base: 'flexbox',
      title: 'Two words',
      machines,
      accessControl: lists,
    })
    assert.deepEqual(
      made.warnings?.map(({ code, where }) => [code, where]),
      [['not_acted_on', 'accessControl.canStart[1]']],
    )
    const hers = await of('carol').playgrounds.get(made.name)
    assert.deepEqual(hers.userAccess, { canList: true, canRead: true, canStart: false })
    await ann('playground', 'share', made.name, '--with', 'bob', '-q')
    const { stdout } = await ann('playground', 'manifest', made.name)
    assert.match(stdout, /canStart:\s+- owner\s+- user:bob\n/)
    assert.doesNotMatch(stdout, /carol|eve/)
  })

  test('in the browser: Ann shares with Carol by a dialog, who finds it among what is shared with her', async (t) => {
    await until('the web app to be built', async () => (await (await server.client()).health()).web, 180_000)
    const browser = await openBrowser()
    t.after(() => browser.close())
    const { page } = browser
    page.setDefaultTimeout(30_000)
    const signIn = async (name: string) => {
      await page.goto(server.endpoint)
      await page.getByLabel('Name', { exact: true }).fill(name)
      await page.getByLabel('Password').fill(passwords[name] ?? '')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('heading', { name: 'Catalogue' }).waitFor()
    }
    await signIn('ann')
    const card = page.getByRole('list', { name: 'Your playgrounds' }).getByRole('listitem', { name: 'Ann’s lab' })
    await card.getByRole('button', { name: 'Share' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Some people').click()
    await dialog.getByLabel('Their names').fill('carol')
    await dialog.getByText('What was saved goes along as it is').waitFor()
    await picture(page, 'share')
    await dialog.getByRole('button', { name: 'Share' }).click()
    await card.getByText('shared', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('heading', { name: 'Log in to Ramet' }).waitFor()

    await signIn('carol')
    const shared = page.getByRole('list', { name: 'Shared with you' }).getByRole('listitem', { name: 'Ann’s lab' })
    await shared.getByText('by ann').waitFor()
    assert.equal(await shared.getByRole('button', { name: 'Remove' }).count(), 0)
    await picture(page, 'shared-with-you')
    await shared.getByRole('button', { name: 'Start' }).click()
    await page.waitForURL(/\/runs\/[0-9a-f]{24}/)
  })
})

async function destroyAll({ plays }: Client): Promise<void> {
  for (const { id, state } of await plays.list()) {
    if (state !== 'DESTROYED' && state !== 'DESTROYING') await plays.destroy(id)
    await until(`${id} to be DESTROYED`, async () => (await plays.get(id)).state === 'DESTROYED')
  }
}

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createClient } from '@ramet/client/client.ts'
import type { Client } from '@ramet/client/client-shape.ts'
import { sharedWith } from '@ramet/model/access/sharing.ts'
import { groupTokenOf } from '@ramet/model/api/groups.ts'
import { pages, routes } from '@ramet/model/api/routes.ts'
import { openBrowser } from './harness/browser.ts'
import { connectAgent } from './harness/connect-agent.ts'
import { picture } from './harness/picture.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** Ann has a lab; Bob, Carol and Dave are on the same server. The tests build on each other. */
describe('a playground that is shared', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  const people: Record<string, Client> = {}
  const passwords: Record<string, string> = {}
  const tokens: Record<string, string> = {}
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
    tokens[name] = accessToken
    people[name] = createClient({ endpoint: server.endpoint, token: accessToken })
  }
  const as = (name: string, ...args: string[]) =>
    server.ramet(['--endpoint', server.endpoint, '--token', tokens[name] ?? '', ...args])
  /** `ramet` as Ann. */
  const ann = async (...args: string[]) => {
    const { code, stdout, stderr } = await as('ann', ...args)
    assert.equal(code, 0, stderr)
    return { stdout, stderr }
  }
  const names = async (name: string, filter = 'all') => (await of(name).playgrounds.list(filter)).map((each) => each.name)

  before(async () => {
    await server.start()
    for (const name of ['ann', 'bob', 'carol', 'dave']) await join(name)
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
    const refused = await of('bob')
      .plays.start({ playground: 'anns-lab' })
      .catch((error) => error)
    assert.deepEqual([refused.code, refused.status], ['consent_needed', 403])
    assert.match(
      `${refused.message} ${refused.hint}`,
      /anns-lab was made by ann\..* as root .*ramet playground start anns-lab --yes/,
    )
    await using agent = await connectAgent(server, { token: tokens.bob })
    await assert.rejects(agent.call('start_play', { playground: 'anns-lab' }), /consent_needed.*--yes/)
    run = (await of('bob').plays.start({ playground: 'anns-lab', safetyDisclaimerConsent: true })).id
    await until('his run to be RUNNING', async () => (await of('bob').plays.get(run)).state === 'RUNNING')
    await assert.rejects(of('carol').playgrounds.get('anns-lab'), { code: 'not_found' })
    assert.ok(!(await names('carol')).includes('anns-lab'))
  })

  test('is agreed to once a person and author: also as the base of one’s own', async () => {
    const again = await of('bob').plays.start({ playground: 'anns-lab' })
    await of('bob').plays.destroy(again.id)
    const own = await of('ann').plays.start({ playground: 'anns-lab' })
    await of('ann').plays.destroy(own.id)
    await of('ann').playgrounds.change('anns-lab', { accessControl: sharedWith(['bob', 'dave']) })
    const { name } = await of('dave').playgrounds.create({ name: 'on-it', base: 'anns-lab', title: 'On it' })
    await assert.rejects(of('dave').plays.start({ playground: name }), {
      code: 'consent_needed',
      message: /^anns-lab, on which on-it-\w+ is based, was made by ann\./,
    })
    const { code, stderr } = await as('dave', 'playground', 'start', name)
    assert.deepEqual([code, /--yes/.test(stderr)], [1, true], stderr)
    const his = (await as('dave', 'playground', 'start', name, '--yes', '-q')).stdout.trim()
    assert.match(his, /^[0-9a-f]{24}$/)
    await of('dave').plays.destroy(his)
    await of('dave').playgrounds.remove(name)
    await of('ann').playgrounds.change('anns-lab', { accessControl: sharedWith(['bob']) })
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
    const lists = { canList: ['owner', 'user:carol'], canRead: ['owner', 'user:carol'], canStart: ['owner', 'student:eve'] }
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

  test('with a group: whoever is in it starts it, and is let in no more at once when taken out', async () => {
    await ann('group', 'add', 'class-1')
    await ann('playground', 'share', 'anns-lab', '--private', '-q')
    const { stderr } = await ann('playground', 'share', 'anns-lab', '--with', 'group:class-1')
    assert.match(stderr, /You may start it, and: group:class-1\./)
    await assert.rejects(of('bob').playgrounds.get('anns-lab'), { code: 'not_found' })
    const link = (await ann('group', 'invite', 'class-1', '--limit', '2')).stdout.trim()
    const token = groupTokenOf(link) ?? assert.fail(link)
    await using agent = await connectAgent(server, { token: tokens.bob })
    const manifest = () => agent.call('get_playground_manifest', { name: 'anns-lab' })
    await assert.rejects(manifest(), /not_found/)
    assert.equal((await of('bob').groups.join(token)).isMember, true)
    assert.equal((await of('bob').groups.join(token)).memberCount, 2, 'a second time uses nothing up')
    await of('carol').groups.join(token)
    assert.match((await manifest()).manifest, /Ann’s lab/)
    assert.ok((await names('bob', 'community')).includes('anns-lab'))
    const his = await of('bob').plays.start({ playground: 'anns-lab' })
    assert.equal((await of('bob').groups.get('class-1')).members, undefined, 'who else is in it is told to its owner')
    await assert.rejects(of('bob').groups.removeMember('class-1', 'carol'), { code: 'not_permitted' })
    await assert.rejects(of('bob').groups.invite('class-1'), { code: 'not_permitted' })
    assert.match((await ann('group', 'show', 'class-1')).stdout, /ann[\s\S]*bob[\s\S]*carol/)
    const admin = await server.client()
    await assert.rejects(admin.groups.join(token), { code: 'closed_group_link' }, 'two were let in')
    assert.deepEqual(
      (await admin.groups.list()).map(({ name }) => name),
      ['class-1'],
    )

    await ann('group', 'rm-member', 'class-1', 'bob')
    await assert.rejects(of('bob').plays.start({ playground: 'anns-lab' }), { code: 'not_found' })
    await assert.rejects(of('bob').groups.get('class-1'), { code: 'not_found' })
    await assert.rejects(manifest(), /not_found/, 'the connection of his agent knows it too')
    assert.ok(!(await names('bob')).includes('anns-lab'))
    assert.equal((await of('bob').plays.get(his.id)).id, his.id, 'his run goes on')
    assert.ok((await names('carol')).includes('anns-lab'))
    await of('carol').groups.removeMember('class-1', 'carol')
    assert.ok(!(await names('carol')).includes('anns-lab'))
  })

  test('a group is named only by who is in it, is filled by admins, and no other of its name takes its place', async () => {
    const named = ['owner', 'group:class-1']
    const body = {
      name: 'hers',
      base: 'debian',
      title: 'Hers alone',
      accessControl: { canList: named, canRead: named, canStart: named },
    }
    await assert.rejects(of('carol').playgrounds.create(body), {
      code: 'unknown_group',
      where: 'accessControl.canList[1]',
    })
    await assert.rejects(of('ann').groups.addMembers('class-1', ['carol']), { code: 'not_permitted' })
    await server.ok('group', 'add-member', 'class-1', 'carol')
    assert.ok((await names('carol')).includes('anns-lab'))
    assert.match((await ann('playground', 'manifest', 'anns-lab')).stdout, /canStart:\s+- owner\s+- group:class-1\n/)
    await ann('group', 'rm', 'class-1')
    await of('bob').groups.create({ name: 'class-1' })
    for (const name of ['bob', 'carol']) assert.ok(!(await names(name)).includes('anns-lab'))
    assert.equal((await of('ann').playgrounds.get('anns-lab')).visibility, 'private')
    await of('bob').groups.remove('class-1')
    await ann('playground', 'share', 'anns-lab', '--public', '-q')
  })

  test('a co-author reads, updates and shares it, and neither removes it nor gives it away', async () => {
    await ann('playground', 'share', 'anns-lab', '--with', 'dave', '-q')
    await assert.rejects(of('dave').playgrounds.change('anns-lab', { coAuthors: ['dave'] }), { code: 'not_yours' })
    await assert.rejects(of('ann').playgrounds.change('anns-lab', { coAuthors: ['nobody'] }), { where: 'coAuthors[0]' })
    assert.equal((await ann('playground', 'co-authors', 'anns-lab', '--add', 'carol')).stdout, 'carol\n')
    const hers = await of('carol').playgrounds.get('anns-lab')
    assert.deepEqual([hers.role, hers.coAuthors, hers.savedFrom], ['co-author', ['carol'], undefined])
    assert.deepEqual(hers.accessControl?.canStart, ['owner', 'user:dave'])
    await of('carol').playgrounds.change('anns-lab', { title: 'Ann’s lab', accessControl: sharedWith(['bob', 'dave']) })
    for (const refused of [
      of('carol').playgrounds.remove('anns-lab'),
      of('carol').playgrounds.offer('anns-lab', 'carol'),
      of('carol').playgrounds.change('anns-lab', { coAuthors: ['carol', 'bob'] }),
    ])
      await assert.rejects(refused, { code: 'not_yours' })
    const manifest = (await ann('playground', 'manifest', 'anns-lab')).stdout
    const update = (name: string) =>
      server.ramet(
        ['--endpoint', server.endpoint, '--token', tokens[name] ?? '', 'playground', 'update', 'anns-lab', '-f', '-'],
        { stdin: manifest },
      )
    const updated = await update('carol')
    assert.equal(updated.code, 0, updated.stderr)
    await assert.rejects(of('bob').plays.start({ playground: 'anns-lab' }), { message: /^anns-lab was made by carol\./ })
    await assert.rejects(of('ann').plays.start({ playground: 'anns-lab' }), { code: 'consent_needed' })
    assert.equal((await update('ann')).code, 0)
    await ann('playground', 'co-authors', 'anns-lab', '--remove', 'carol')
    await assert.rejects(of('carol').playgrounds.get('anns-lab'), { code: 'not_found' })
  })

  test('goes to another owner who takes it, with who may use it, and nothing changes hands before', async () => {
    await ann('playground', 'transfer', 'anns-lab', '--to', 'carol')
    assert.equal((await of('carol').playgrounds.get('anns-lab')).offeredTo, 'carol')
    assert.equal((await of('dave').playgrounds.get('anns-lab')).offeredTo, undefined)
    await assert.rejects(of('dave').playgrounds.answerOffer('anns-lab', true), { code: 'not_yours' })
    await assert.rejects(of('carol').playgrounds.change('anns-lab', { title: 'Hers alone' }), { code: 'not_yours' })
    await of('carol').playgrounds.answerOffer('anns-lab', false)
    await assert.rejects(of('carol').playgrounds.get('anns-lab'), { code: 'not_found' })
    await ann('playground', 'transfer', 'anns-lab', '--to', 'carol')
    assert.equal((await as('carol', 'playground', 'transfer', 'anns-lab', '--accept')).code, 0)
    const hers = await of('carol').playgrounds.get('anns-lab')
    assert.deepEqual([hers.role, hers.accessControl?.canStart], ['owner', ['owner', 'user:bob', 'user:dave']])
    await assert.rejects(of('ann').playgrounds.get('anns-lab'), { code: 'not_found' })
    assert.equal((await of('dave').playgrounds.get('anns-lab')).ownerName, 'carol')
    await of('carol').playgrounds.offer('anns-lab', 'ann')
    await of('ann').playgrounds.answerOffer('anns-lab', true)
    await ann('playground', 'share', 'anns-lab', '--private', '-q')
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
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
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
    await of('ann').groups.create({ name: 'class-2' })
    const { token } = await of('ann').groups.invite('class-2')
    await page.goto(server.endpoint + pages.joinGroup(token))
    await page.getByRole('button', { name: 'Join' }).click()
    await page.getByText('You are in class-2').waitFor()
    assert.equal((await of('ann').groups.get('class-2')).memberCount, 2)
    await shared.getByRole('button', { name: 'Start' }).click()
    const asked = page.getByRole('alertdialog')
    await asked.getByText('anns-lab was made by ann.').waitFor()
    await picture(page, 'consent')
    await asked.getByRole('button', { name: 'Start it' }).click()
    await page.waitForURL(/\/runs\/[0-9a-f]{24}/)
    await of('ann').playgrounds.offer('anns-lab', 'carol')
    await page.goto(server.endpoint)
    await shared.getByText('ann offers it to you.').waitFor()
    await shared.getByRole('button', { name: 'Take' }).click()
    const taken = page.getByRole('list', { name: 'Your playgrounds' }).getByRole('listitem', { name: 'Ann’s lab' })
    await taken.getByRole('button', { name: 'Share' }).click()
    await page.getByText('Co-authors, another owner').click()
    await page.getByLabel('Co-authors', { exact: true }).fill('bob')
    await page.getByRole('button', { name: 'Save' }).click()
    await until('Bob to be a co-author', async () => (await of('bob').playgrounds.get('anns-lab')).role === 'co-author')
  })
})

async function destroyAll({ plays }: Client): Promise<void> {
  for (const { id, state } of await plays.list()) {
    if (state !== 'DESTROYED' && state !== 'DESTROYING') await plays.destroy(id)
    await until(`${id} to be DESTROYED`, async () => (await plays.get(id)).state === 'DESTROYED')
  }
}

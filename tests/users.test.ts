import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createClient } from '@ramet/client/client.ts'
import { sharedWith } from '@ramet/model/access/sharing.ts'
import type { AuditEntry } from '@ramet/model/api/audit.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { openBrowser } from './harness/browser.ts'
import { picture } from './harness/picture.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'
import { readStore } from './harness/throwaways.ts'

const tokenIn = (link: string) => decodeURIComponent(link.trim().split('#login=')[1] ?? '')

/** The tests build on each other. */
describe('people on one server', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  let elsewhere = ''

  before(async () => {
    await server.start()
    elsewhere = await mkdtemp(join(tmpdir(), 'ramet-laptop-'))
  })
  after(async () => {
    await server.dispose()
    await rm(elsewhere, { recursive: true, force: true })
  })

  /** `ramet` on Ann's own computer. */
  const laptop = (args: readonly string[], stdin?: string) =>
    server.ramet(args, {
      env: { XDG_CONFIG_HOME: elsewhere, RAMET_HOME: '' },
      ...(stdin === undefined ? {} : { stdin }),
    })
  const logIn = async (body: object) => {
    const answer = await fetch(server.endpoint + routes.login(), {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { origin: server.endpoint },
    })
    const { code } = (await answer.json()) as { code?: string }
    return { status: answer.status, code, cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' }
  }
  const setPassword = async (cookie: string, body: object) => {
    const headers = { cookie, origin: server.endpoint }
    const answer = await fetch(server.endpoint + routes.password(), { method: 'PUT', headers, body: JSON.stringify(body) })
    return [answer.status, ((await answer.json()) as { code?: string }).code]
  }
  /** As of a browser that an invitation let in. */
  const tokenOf = async (name: string) =>
    (await logIn({ token: tokenIn(await server.ok('user', 'invite', name)) })).cookie.split('=')[1] ?? ''
  const isIn = async (cookie: string) => (await fetch(server.endpoint + routes.me(), { headers: { cookie } })).status === 200

  test('an invitation lets its user in once, who sets a password and signs in with it', async () => {
    const link = await server.ok('user', 'add', 'ann')
    const first = await logIn({ token: tokenIn(link) })
    assert.equal(first.status, 200)
    assert.equal((await logIn({ token: tokenIn(link) })).code, 'wrong_login_token')
    assert.deepEqual(await setPassword(first.cookie, { password: 'too short' }), [400, 'invalid_input'])
    assert.deepEqual(await setPassword(first.cookie, { password: 'correct horse' }), [200, undefined])
    assert.equal((await logIn({ name: 'ann', password: 'correct horse' })).status, 200)
  })

  test('a wrong password and a name that nobody has are one answer', async () => {
    const wrong = await logIn({ name: 'ann', password: 'incorrect horse' })
    const nobody = await logIn({ name: 'nobody', password: 'incorrect horse' })
    assert.deepEqual(wrong, { status: 401, code: 'wrong_password', cookie: '' })
    assert.deepEqual(nobody, wrong)
    assert.equal((await logIn({ name: 'owner', password: '' })).code, 'wrong_password')
  })

  test('a changed password needs the one before, and logs other browsers out', async () => {
    const [here, there] = [
      (await logIn({ name: 'ann', password: 'correct horse' })).cookie,
      (await logIn({ name: 'ann', password: 'correct horse' })).cookie,
    ]
    assert.deepEqual(await setPassword(here, { password: 'battery staple' }), [403, 'wrong_password'])
    assert.deepEqual(await setPassword(here, { current: 'correct horse', password: 'battery staple' }), [200, undefined])
    assert.deepEqual([await isIn(here), await isIn(there)], [true, false])
    assert.equal((await logIn({ name: 'ann', password: 'correct horse' })).code, 'wrong_password')
  })

  test('ramet login --user buys a token for a computer of one’s own, and commands go there as that user', async () => {
    const { code, stderr } = await laptop(['login', server.endpoint, '--user', 'ann'], 'battery staple\n')
    assert.equal(code, 0, stderr)
    assert.match(stderr, /as ann from now on/)
    const me = await laptop(['whoami'])
    assert.match(me.stdout, /name: ann\n/, me.stderr)
    const sessions = await laptop(['session', 'ls'])
    assert.match(sessions.stdout, /ramet on /)
    assert.equal((await laptop(['login', server.endpoint, '--user', 'ann'], 'wrong\n')).code, 1)
  })

  test('a member manages neither users nor the host, and sees only what is hers', async () => {
    for (const args of [['user', 'ls'], ['user', 'add', 'eve'], ['user', 'role', 'ann', 'admin'], ['doctor'], ['fsck']]) {
      const { code, stderr } = await laptop(args)
      assert.equal(code, 1, args.join(' '))
      assert.match(stderr, /Your account may not do that/, args.join(' '))
    }
    await server.ok('playground', 'start', 'debian', '--title', 'The owner’s', '-q')
    assert.doesNotMatch((await laptop(['playground', 'ls', '-a'])).stdout, /owner/)
  })

  test('a disabled account opens nothing, in whatever way it came; enabled again it wants a new login', async () => {
    const { cookie } = await logIn({ name: 'ann', password: 'battery staple' })
    const token = (await laptop(['session', 'token', 'for-a-program'])).stdout.trim()
    const invitation = await server.ok('user', 'invite', 'ann')
    const program = createClient({ endpoint: server.endpoint, token })
    assert.equal((await program.me()).name, 'ann')
    await server.ok('user', 'disable', 'ann')
    assert.match(await server.ok('user', 'ls'), /ann +member +disabled/)
    assert.equal(await isIn(cookie), false)
    assert.equal((await logIn({ name: 'ann', password: 'battery staple' })).code, 'wrong_password')
    assert.equal((await logIn({ token: tokenIn(invitation) })).code, 'wrong_login_token')
    await assert.rejects(program.me(), { code: 'not_authenticated' })
    await server.ok('user', 'enable', 'ann')
    assert.equal(await isIn(cookie), false, 'a browser signs in again')
    await assert.rejects(program.me(), { code: 'not_authenticated' }, 'a token of a login has ended with it')
    assert.equal(
      (await logIn({ token: tokenIn(invitation) })).code,
      'wrong_login_token',
      'an invitation from before stays closed',
    )
    assert.equal((await logIn({ name: 'ann', password: 'battery staple' })).status, 200)
    const again = await logIn({ token: tokenIn(await server.ok('user', 'invite', 'ann')) })
    assert.equal(again.status, 200)
  })

  test('the audit log tells who did what, from where and with what outcome; each sees his own', async () => {
    const given = { name: 'ann', password: 'battery staple' }
    const { accessToken } = await createClient({ endpoint: server.endpoint }).tokenOf(given, 'ramet on her laptop')
    const ann = createClient({ endpoint: server.endpoint, token: accessToken })
    const { id } = await ann.plays.start({ playground: 'debian' })
    const reach = (state: string) => until(`${state}`, async () => (await ann.plays.get(id)).state === state)
    await reach('RUNNING')
    for (const command of ['true', 'true']) await ann.exec(id, 'debian', { command }).exit
    await ann.ports.expose(id, { number: 80 })
    await ann.plays.stop(id)
    await reach('STOPPED')
    const [clone] = await ann.plays.clone(id)
    await ann.plays.save(id, { name: 'anns-lab' })
    await ann.playgrounds.change('anns-lab', { accessControl: sharedWith('everybody') })
    await ann.plays.destroy(id)
    await assert.rejects(ann.images.remove('debian-stable'), { code: 'not_permitted' })
    const told = async (...args: string[]) =>
      (JSON.parse(await server.ok('audit', '-o', 'json', ...args)) as AuditEntry[]).toReversed()
    const ofRun = (await told('--action', 'run')).filter(({ subject }) => subject === id)
    assert.deepEqual(
      ofRun.map(({ action, user, outcome }) => [action, user, outcome]),
      ['start', 'stop', 'clone', 'save', 'destroy'].map((verb) => [`run.${verb}`, 'ann', 'ok']),
    )
    const [command] = (await told('--user', 'ann', '--action', 'machine.command')).filter(({ subject }) => subject === id)
    assert.deepEqual([command?.times, command?.from, command?.via?.startsWith('ramet on ')], [2, '127.0.0.1', true])
    const one = async (action: string) => {
      const { user, subject, detail, outcome } = (await told('--user', 'ann', '--action', action)).at(-1) ?? assert.fail(action)
      return [user, subject, detail, outcome]
    }
    assert.deepEqual(await one('image.remove'), ['ann', 'debian-stable', undefined, 'not_permitted'])
    assert.deepEqual((await one('playground.share')).slice(0, 2), ['ann', 'anns-lab'])
    assert.match(String((await one('port.publish'))[2]), /^debian:80 for its owner$/)
    assert.deepEqual(await one('user.change'), ['owner', 'ann', 'enabled', 'ok'])
    const failed = (await told('--action', 'sign-in')).filter(({ outcome }) => outcome === 'wrong_password')
    assert.deepEqual(
      new Set(failed.map(({ user, subject }) => [user, subject].join())),
      new Set([',ann', ',owner', ',']),
      'no name of nobody',
    )
    const all = await server.ok('audit', '-o', 'json', '-n', '1000')
    for (const secret of ['battery staple', 'correct horse', 'incorrect horse', 'nobody'])
      assert.ok(!all.includes(secret), secret)
    const hers = await ann.audit({ limit: 500 })
    assert.ok(hers.length > 0 && hers.every(({ user, subject }) => user === 'ann' || subject === 'ann'))
    await assert.rejects(ann.audit({ user: 'owner' }), { code: 'not_permitted' })
    assert.match(await server.ok('audit', '--user', 'ann', '--since', '1h'), /run\.destroy +/)
    await ann.playgrounds.remove('anns-lab')
    await ann.plays.destroy(clone?.id ?? '')
  })

  test('there is always an admin who can sign in', async () => {
    for (const args of [
      ['disable', 'owner'],
      ['role', 'owner', 'member'],
      ['rm', 'owner'],
    ]) {
      const { code, stderr } = await server.ramet(['user', ...args])
      assert.deepEqual([code, /owner is the only admin/.test(stderr)], [1, true], stderr)
    }
    await server.ok('user', 'role', 'ann', 'admin')
    assert.equal((await laptop(['user', 'ls'])).code, 1, 'her token ended with the account’s sessions')
    await server.ok('user', 'role', 'ann', 'member')
  })

  test('what a user may have is set by admins, for herself or her group, refused with the number and the way out, and shown', async () => {
    await laptop(['login', server.endpoint, '--user', 'ann'], 'battery staple\n')
    await server.ok('group', 'add', 'class')
    await server.ok('group', 'add-member', 'class', 'ann')
    assert.equal(await server.ok('group', 'limit', 'class', '--running', '0', '--lifetime', '90m'), 'running 0\nlifetime 1h30m\n')
    const start = (...more: string[]) => laptop(['playground', 'start', 'debian', '-q', ...more])
    assert.match((await start()).stderr, /1 \(runs that are on\); an admin allows you 0\.[\s\S]*ramet playground stop ID/)
    assert.equal(await server.ok('user', 'limit', 'ann', '--running', '1', '--ports', '1'), 'running 1\nports 1\n')
    assert.match((await start('--lifetime', '2h')).stderr, /2h \(how long.*allows you 1h30m/)
    const id = (await start()).stdout.trim()
    assert.match((await laptop(['playground', 'status', id, '-o', 'json'])).stdout, /"expiresIn": 5[34]\d{5},/)
    assert.match((await start()).stderr, /2 \(runs that are on\); an admin allows you 1/)
    assert.equal((await laptop(['expose', id, '80', '-q'])).code, 0)
    assert.match((await laptop(['expose', id, '81', '-q'])).stderr, /2 \(published ports and shells\).*1[\s\S]*ramet expose list/)
    const { stdout } = await laptop(['usage'])
    assert.match(stdout, /runs that are on +1 +1\n[\s\S]*published ports and shells +1 +1\n[\s\S]*on at a time +- +1h30m/)
    await laptop(['playground', 'stop', id, '-q'])
    await server.ok('user', 'limit', 'ann', '--storage', '1KiB', '--starts', '1')
    assert.match((await laptop(['playground', 'clone', id])).stderr, /1KiB/)
    assert.equal((await laptop(['playground', 'restart', id, '-q'])).code, 0)
    await laptop(['playground', 'stop', id, '-q'])
    assert.match(
      (await laptop(['playground', 'restart', id, '-q'])).stderr,
      /2 \(starts within a minute\).*1[\s\S]*Wait a minute/,
    )
    await laptop(['playground', 'destroy', id, '-q'])
    assert.equal((await laptop(['user', 'limit', 'ann', '--running', '9'])).code, 1, 'she sets nothing herself')
    assert.equal((await laptop(['group', 'limit', 'class', '--running', '9'])).code, 1)
    assert.equal(
      await server.ok(
        'user',
        'limit',
        'ann',
        ...['running', 'ports', 'storage', 'starts'].flatMap((each) => [`--${each}`, 'none']),
      ),
      '',
    )
    await server.ok('group', 'rm', 'class')
  })

  test('a user goes with what is hers, or playgrounds and groups are somebody else’s, and her runs nobody’s', async () => {
    await server.ok('user', 'add', 'eve')
    const eve = createClient({ endpoint: server.endpoint, token: await tokenOf('eve') })
    const { id } = await eve.plays.start({ playground: 'debian' })
    await eve.groups.create({ name: 'eves-class' })
    const { name } = await eve.playgrounds.create({ name: 'eves-lab', base: 'debian', title: 'Eve’s lab' })
    assert.match((await server.ramet(['user', 'rm', 'eve', '--transfer-to', 'ann'])).stderr, /eve has 1 runs/)
    await server.ok('user', 'rm', 'eve', '--transfer-to', 'ann', '--destroy')
    await assert.rejects(eve.me(), { code: 'not_authenticated' })
    const ann = createClient({ endpoint: server.endpoint, token: await tokenOf('ann') })
    assert.equal((await ann.playgrounds.get(name)).role, 'owner')
    assert.equal((await ann.groups.get('eves-class')).ownerName, 'ann')
    await assert.rejects(ann.plays.get(id), { code: 'not_found' })
    const stateOf = () => readStore<{ state: string }>(server, `select state from runs where id = '${id}'`)[0]?.state
    await until('her run to be gone', async () => stateOf() === 'DESTROYED')
    await ann.playgrounds.remove(name)
    await ann.groups.remove('eves-class')
  })

  test('a user goes when nothing of hers is left, and the name is free again', async () => {
    await laptop(['login', server.endpoint, '--user', 'ann'], 'battery staple\n')
    const id = (await laptop(['playground', 'start', 'debian', '-q'])).stdout.trim()
    const refused = await server.ramet(['user', 'rm', 'ann'])
    assert.match(refused.stderr, /ann has 1 runs, 0 playgrounds and 0 groups[\s\S]*ramet user disable ann[\s\S]*--destroy/)
    await laptop(['playground', 'destroy', id, '-q'])
    await server.ok('user', 'rm', 'ann')
    assert.equal((await logIn({ name: 'ann', password: 'battery staple' })).code, 'wrong_password')
    assert.equal((await laptop(['whoami'])).code, 1)
    await server.ok('user', 'add', 'ann')
    assert.match(await server.ok('user', 'ls'), /ann +member +invited until/)
  })

  test('names that are taken or no names are refused', async () => {
    assert.match((await server.ramet(['user', 'add', 'ann'])).stderr, /There is already a user named ann/)
    assert.match((await server.ramet(['user', 'add', 'Ann B'])).stderr, /small letter/)
    assert.match((await server.ramet(['user', 'invite', 'nobody'])).stderr, /ramet user ls/)
  })

  test('in the browser an admin invites somebody, who sets a password and signs in by it, and sees nobody else', async (t) => {
    await until('the web app to be built', async () => (await (await server.client()).health()).web, 180_000)
    const browser = await openBrowser()
    t.after(() => browser.close())
    const { page } = browser
    page.setDefaultTimeout(30_000)
    await page.goto((await server.ok('login', '--print')).trim())
    await page.getByRole('link', { name: 'owner', exact: true }).click()
    const people = page.getByRole('region', { name: 'People' })
    await people.getByLabel('Invite somebody').fill('bea')
    await people.getByRole('button', { name: 'Invite', exact: true }).click()
    const link = await people.getByRole('status').getByText('#login=').textContent()
    await people.getByText('invited until').first().waitFor()
    await picture(page, 'people')
    const runs = page.getByRole('region', { name: 'Runs of everybody' })
    await runs.getByText('of their own').or(runs.getByText('debian')).first().waitFor()
    assert.equal(await runs.getByText('The owner’s').count(), 0, 'titles are hidden')
    await page.getByRole('link', { name: 'What people did on this server' }).click()
    await page.getByLabel('Action').fill('user.add')
    await page.getByRole('row', { name: /owner.*user\.add.*bea member.*ok/ }).waitFor()
    await picture(page, 'audit')
    await page.getByRole('button', { name: 'Log out' }).click()

    await page.getByRole('heading', { name: 'Log in to Ramet' }).waitFor()
    await page.goto('about:blank')
    await page.goto(link ?? '')
    await page.getByRole('link', { name: 'bea', exact: true }).click()
    await page.getByText('You are a member of this server.').waitFor()
    assert.equal(await page.getByRole('region', { name: 'People' }).count(), 0)
    await page.getByLabel('New password').fill('a tall ladder')
    await page.getByRole('button', { name: 'Set password' }).click()
    await page.getByLabel('Password of now').waitFor()
    await page.getByRole('button', { name: 'Log out' }).click()

    await page.getByLabel('Name').fill('bea')
    await page.getByLabel('Password').fill('a short ladder')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByText('There is no such name with this password.').waitFor()
    await picture(page, 'sign-in')
    await page.getByLabel('Password').fill('a tall ladder')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('heading', { name: 'Catalogue' }).waitFor()
    assert.equal(await page.getByText('The owner’s').count(), 0)
  })
})

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { makeKeyPair } from '@ramet/engine'
import type { SeenRun } from '@ramet/model/api/all-runs.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { WebSocket } from 'ws'
import openApi from '../docs/openapi.json' with { type: 'json' }
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** What a stranger asks for, with the names of what is Ann's or with names that nothing has. */
interface Names {
  readonly id: string
  readonly playground: string
  readonly group: string
  /** Name of a published port. */
  readonly port: string
}

interface Asked {
  readonly path: string
  readonly body?: object
  /** In place of JSON. */
  readonly tar?: Uint8Array<ArrayBuffer>
  readonly form?: Record<string, string>
}

const { publicKey: bobsKey } = await makeKeyPair('bob')

/**
 * What each route answers a user who owns nothing of it. `hidden`: the same as for what does not exist. `own`: what is his, and nothing of Ann's.
 * `open`: all users may ask. `admin`: admins alone.
 */
const table: Readonly<Record<string, readonly [answer: 'hidden' | 'own' | 'open' | 'admin', asked: (names: Names) => Asked]>> = {
  'GET /api/health': ['open', () => ({ path: routes.health() })],
  'POST /api/auth/links': ['own', () => ({ path: routes.loginLinks() })],
  'DELETE /api/auth/sessions': ['own', () => ({ path: routes.sessions() })],
  'POST /api/auth/logout': ['open', () => ({ path: routes.logout() })],
  'POST /api/auth/signin-url': ['own', () => ({ path: routes.signInUrl() })],
  'PATCH /api/account/preferences': ['own', () => ({ path: routes.preferences(), body: { region: 'eu' } })],
  'PUT /api/account/password': ['own', () => ({ path: routes.password(), body: { password: 'ten letters, his' } })],
  'GET /api/users': ['admin', () => ({ path: routes.users() })],
  'POST /api/users': ['admin', () => ({ path: routes.users(), body: { name: 'carol' } })],
  'PATCH /api/users/{name}': ['admin', () => ({ path: routes.user('bob'), body: { role: 'admin' } })],
  'DELETE /api/users/{name}': ['admin', () => ({ path: routes.user('owner') })],
  'POST /api/users/{name}/invitations': ['admin', () => ({ path: routes.invitations('owner') })],
  'GET /api/groups': ['own', () => ({ path: routes.groups() })],
  'POST /api/groups': ['own', () => ({ path: routes.groups(), body: { name: 'his-team' } })],
  'GET /api/groups/{name}': ['hidden', ({ group }) => ({ path: routes.group(group) })],
  'PATCH /api/groups/{name}': ['hidden', ({ group }) => ({ path: routes.group(group), body: { allowances: {} } })],
  'DELETE /api/groups/{name}': ['hidden', ({ group }) => ({ path: routes.group(group) })],
  'POST /api/groups/{name}/invitations': ['hidden', ({ group }) => ({ path: routes.groupInvitations(group) })],
  'DELETE /api/groups/{name}/invitations': ['hidden', ({ group }) => ({ path: routes.groupInvitations(group) })],
  'POST /api/groups/{name}/members': ['hidden', ({ group }) => ({ path: routes.groupMembers(group), body: { names: ['bob'] } })],
  'DELETE /api/groups/{name}/members/{user}': ['hidden', ({ group }) => ({ path: routes.groupMember(group, 'bob') })],
  'POST /api/group-memberships': ['hidden', () => ({ path: routes.groupMemberships(), body: { token: 'none' } })],
  'POST /api/oauth/tokens': ['own', () => ({ path: routes.tokens(), body: { name: 'his' } })],
  'POST /api/sessions': ['open', () => ({ path: routes.programs() })],
  'GET /api/sessions': ['own', () => ({ path: routes.programs() })],
  'GET /api/sessions/{id}': ['hidden', () => ({ path: routes.program('none') })],
  'DELETE /api/sessions/{id}': ['own', () => ({ path: routes.program('none') })],
  'GET /api/sessions/{id}/approval': ['hidden', () => ({ path: routes.approval('none') })],
  'POST /api/sessions/{id}/approval': ['hidden', () => ({ path: routes.approval('none') })],
  'POST /oauth/approvals/{ticket}': ['hidden', () => ({ path: routes.agentApproval('none') })],
  'POST /oauth/approvals/{ticket}/refusal': ['hidden', () => ({ path: routes.agentRefusal('none') })],
  'GET /oauth/authorize': ['hidden', () => ({ path: routes.authorizeAgent() })],
  'GET /.well-known/oauth-protected-resource': ['open', () => ({ path: routes.protectedResource() })],
  'GET /.well-known/oauth-protected-resource/mcp': ['open', () => ({ path: routes.protectedMcp() })],
  'GET /.well-known/oauth-authorization-server': ['open', () => ({ path: routes.authorizationServer() })],
  'POST /oauth/revoke': ['open', () => ({ path: routes.revokeAgent(), form: { token: 'none' } })],
  'GET /api/search': ['own', () => ({ path: `${routes.search()}?search=secret` })],
  'GET /api/auth/me': ['own', () => ({ path: routes.me() })],
  'GET /api/playgrounds': ['own', () => ({ path: `${routes.playgrounds()}?filter=all` })],
  'POST /api/playgrounds': [
    'hidden',
    ({ playground }) => ({ path: routes.playgrounds(), body: { name: 'mine', base: playground, title: 'Mine' } }),
  ],
  'GET /api/playgrounds/{name}': ['hidden', ({ playground }) => ({ path: routes.playground(playground) })],
  'PUT /api/playgrounds/{name}': [
    'hidden',
    ({ playground }) => ({ path: routes.playground(playground), body: { title: 'Mine now' } }),
  ],
  'DELETE /api/playgrounds/{name}': ['hidden', ({ playground }) => ({ path: routes.playground(playground) })],
  'PATCH /api/playgrounds/{name}': [
    'hidden',
    ({ playground }) => ({ path: routes.playground(playground), body: { title: 'Mine now' } }),
  ],
  'POST /api/playgrounds/{name}/transfer': [
    'hidden',
    ({ playground }) => ({ path: routes.playgroundTransfer(playground), body: { to: 'bob' } }),
  ],
  'DELETE /api/playgrounds/{name}/transfer': ['hidden', ({ playground }) => ({ path: routes.playgroundTransfer(playground) })],
  'POST /api/playgrounds/{name}/offer': [
    'hidden',
    ({ playground }) => ({ path: routes.playgroundOffer(playground), body: { take: true } }),
  ],
  'GET /api/playgrounds/{name}/lineage': ['hidden', ({ playground }) => ({ path: routes.playgroundLineage(playground) })],
  'POST /api/manifests/check': ['open', () => ({ path: routes.manifestCheck(), body: { text: '' } })],
  'GET /api/plays': ['own', () => ({ path: routes.plays() })],
  'POST /api/plays': ['hidden', ({ playground }) => ({ path: routes.plays(), body: { playground } })],
  'GET /api/plays/{id}': ['hidden', ({ id }) => ({ path: routes.play(id) })],
  'DELETE /api/plays/{id}': ['hidden', ({ id }) => ({ path: routes.play(id) })],
  'GET /api/plays/{id}/tasks': ['hidden', ({ id }) => ({ path: routes.tasks(id) })],
  'POST /api/plays/{id}/actions': ['hidden', ({ id }) => ({ path: routes.actions(id), body: { action: 'stop' } })],
  'POST /api/plays/{id}/clones': ['hidden', ({ id }) => ({ path: routes.clones(id), body: {} })],
  'POST /api/plays/{id}/saves': ['hidden', ({ id }) => ({ path: routes.saves(id), body: { name: 'mine' } })],
  'GET /api/plays/{id}/lineage': ['hidden', ({ id }) => ({ path: routes.playLineage(id) })],
  'POST /api/plays/{id}/conns': ['hidden', ({ id }) => ({ path: routes.connections(id) })],
  'POST /api/plays/{id}/journals': ['hidden', ({ id }) => ({ path: routes.journals(id), body: {} })],
  'POST /api/plays/{id}/tunnels': ['hidden', ({ id }) => ({ path: routes.tunnels(id), body: { machine: 'debian' } })],
  'GET /api/tunnels/{ticket}/login': ['hidden', () => ({ path: `${routes.tunnel('none')}/login` })],
  'GET /api/plays/{id}/ports': ['hidden', ({ id }) => ({ path: routes.ports(id) })],
  'POST /api/plays/{id}/ports': ['hidden', ({ id }) => ({ path: routes.ports(id), body: { number: 80 } })],
  'POST /api/plays/{id}/ports/scan': ['hidden', ({ id }) => ({ path: routes.portScan(id) })],
  'DELETE /api/plays/{id}/ports/{port}': ['hidden', ({ id }) => ({ path: routes.port(id, 'none') })],
  'GET /api/plays/{id}/shells': ['hidden', ({ id }) => ({ path: routes.shells(id) })],
  'POST /api/plays/{id}/shells': ['hidden', ({ id }) => ({ path: routes.shells(id), body: {} })],
  'DELETE /api/plays/{id}/shells/{shell}': ['hidden', ({ id }) => ({ path: routes.shell(id, 'none') })],
  'GET /api/plays/{id}/port-forwards': ['hidden', ({ id }) => ({ path: routes.portForwards(id) })],
  'POST /api/plays/{id}/port-forwards': ['hidden', ({ id }) => ({ path: routes.portForwards(id), body: { kind: 'local' } })],
  'DELETE /api/plays/{id}/port-forwards/{index}': ['hidden', ({ id }) => ({ path: routes.portForward(id, 0) })],
  'POST /api/port-logins': ['hidden', ({ port }) => ({ path: routes.portLogins(), body: { name: port } })],
  'GET /api/tls': ['open', () => ({ path: routes.tls() })],
  'GET /api/ssh': ['open', () => ({ path: routes.sshGateway() })],
  'GET /api/ssh/keys': ['own', () => ({ path: routes.sshKeys() })],
  'POST /api/ssh/keys': ['own', () => ({ path: routes.sshKeys(), body: { line: bobsKey } })],
  'DELETE /api/ssh/keys/{id}': ['hidden', () => ({ path: routes.sshKey('none') })],
  'GET /api/auth/ways': ['open', () => ({ path: routes.signInWays() })],
  'POST /api/auth/providers/{provider}': ['hidden', () => ({ path: routes.beginSignIn('none') })],
  'GET /auth/oidc/callback': ['hidden', () => ({ path: '/auth/oidc/callback' })],
  'GET /auth/github/callback': ['hidden', () => ({ path: '/auth/github/callback' })],
  'GET /api/account/identities': ['own', () => ({ path: routes.identities() })],
  'POST /api/account/identities': ['hidden', () => ({ path: routes.identities(), body: { provider: 'oidc' } })],
  'DELETE /api/account/identities/{id}': ['hidden', () => ({ path: routes.identity('none') })],
  'POST /api/auth/passkeys/options': ['hidden', () => ({ path: routes.passkeySignIn() })],
  'POST /api/auth/passkeys': ['hidden', () => ({ path: routes.passkeyLogin(), body: {} })],
  'GET /api/account/passkeys': ['own', () => ({ path: routes.passkeys() })],
  'POST /api/account/passkeys/options': ['hidden', () => ({ path: routes.passkeyOptions() })],
  'POST /api/account/passkeys': ['hidden', () => ({ path: routes.passkeys(), body: {} })],
  'PATCH /api/account/passkeys/{id}': ['hidden', () => ({ path: routes.passkey('none'), body: { name: 'his' } })],
  'DELETE /api/account/passkeys/{id}': ['hidden', () => ({ path: routes.passkey('none') })],
  'GET /api/runs': ['admin', () => ({ path: routes.allRuns() })],
  'POST /api/runs/{id}/stop': ['admin', ({ id }) => ({ path: routes.stopAnyRun(id) })],
  // What he asked for himself stands there as he wrote it.
  'GET /api/audit': ['own', () => ({ path: `${routes.audit()}?action=sign-out` })],
  'GET /api/usage': ['own', () => ({ path: routes.usage() })],
  'GET /api/catalog': ['own', () => ({ path: routes.catalog() })],
  'POST /api/image-folders': ['open', () => ({ path: `${routes.imageFolders()}?name=web`, tar: Buffer.alloc(1024) })],
  'GET /api/images': ['open', () => ({ path: routes.images() })],
  'POST /api/images/{name}/build': ['open', () => ({ path: routes.imageBuild('debian-stable') })],
  'GET /api/images/{name}': ['own', () => ({ path: routes.image('debian-stable') })],
  'DELETE /api/images/{name}': ['admin', () => ({ path: routes.image('debian-stable') })],
  'GET /api/events': ['own', () => ({ path: routes.events() })],
  'GET /api/doctor': ['admin', () => ({ path: routes.doctor() })],
  'GET /api/fsck': ['admin', () => ({ path: routes.fsck() })],
  'GET /api/metrics': ['admin', () => ({ path: routes.metrics() })],
}

/** Routes that anyone may ask. */
const withoutUser = ['POST /api/auth/login', 'POST /oauth/register', 'POST /oauth/token']
const sockets: Readonly<Record<string, (id: string) => string>> = {
  '/api/plays/{id}/machines/{machine}/terminals/{session}': (id) => routes.terminal(id, 'debian', 'web-1'),
  '/api/plays/{id}/machines/{machine}/exec': (id) => routes.exec(id, 'debian'),
  '/api/plays/{id}/machines/{machine}/console': (id) => routes.console(id, 'debian'),
  '/api/conns/{ticket}': () => routes.liveStatus('none'),
  '/api/journals/{ticket}': () => routes.journal('none'),
  '/api/tunnels/{ticket}/tunnels/{address}': () => `${routes.tunnel('none')}/tunnels/${btoa(':22')}`,
}

const actions = [
  { action: 'stop' },
  { action: 'restart' },
  { action: 'destroy' },
  { action: 'make_persistent' },
  { action: 'set_title', title: 'Mine' },
  { action: 'set_max_play_time', maxPlayTimeMinutes: 5, atEnd: 'destroy' },
  { action: 'task.retry', task: 'seed' },
  ...['machine.stop', 'machine.restart', 'machine.reboot', 'machine.console.list'].map((action) => ({
    action,
    machine: 'debian',
  })),
  { action: 'machine.console.read', machine: 'debian', console: 'boot-1' },
]

const none: Names = { id: 'f'.repeat(24), playground: 'no-such-lab', group: 'no-such-group', port: 'none' }

describe('what is not his own does not exist for a user', () => {
  const server = new TestServer({ fake: true })
  const token = randomBytes(24).toString('base64url')
  const ann = { id: '', playground: 'anns-lab', group: 'anns-class', title: 'Ann’s secret', port: '' }

  /** Of an admin who owns nothing of it either. */
  const admins = randomBytes(24).toString('base64url')

  const ask = async (method: string, { path, body, tar, form }: Asked, as = token) => {
    const answer = await fetch(server.endpoint + path, {
      method,
      headers: { authorization: `Bearer ${as}`, ...(tar ? { 'content-type': 'application/x-tar' } : {}) },
      signal: AbortSignal.timeout(30_000),
      ...(tar ? { body: tar } : {}),
      ...(form ? { body: new URLSearchParams(form) } : {}),
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    if (!answer.headers.get('content-type')?.startsWith('text/event-stream'))
      return { status: answer.status, text: await answer.text() }
    // It has no end; a test of its own reads it.
    await answer.body?.cancel()
    return { status: answer.status, text: '' }
  }
  const isSilentAboutAnn = (text: string) => {
    for (const secret of [ann.id, ann.playground, ann.title, ann.group])
      assert.ok(!text.includes(secret), `it tells ${secret}: ${text}`)
  }

  before(async () => {
    await server.start()
    const stopped = (await server.ok('playground', 'start', 'debian', '-q')).trim()
    await server.ok('playground', 'stop', stopped, '-q')
    await server.ok('playground', 'save', stopped, ann.playground, '--title', ann.title, '-q')
    ann.id = (await server.ok('playground', 'start', 'debian', '--title', ann.title, '-q')).trim()
    ann.port = new URL((await server.ok('expose', ann.id, '80', '-q')).trim()).hostname.split('.')[0] ?? ''
    await server.ok('group', 'add', ann.group)
    addUser(join(server.home, 'ramet.sqlite'), 'bob', token)
    addUser(join(server.home, 'ramet.sqlite'), 'adam', admins, 'admin')
  })
  after(() => server.dispose())

  test('the table has every route and socket that there is', () => {
    const described = Object.entries(openApi.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, isSocket: 'x-websocket' in operation })),
    )
    const plain = described.filter(({ isSocket }) => !isSocket).map(({ path, method }) => `${method.toUpperCase()} ${path}`)
    assert.deepEqual([...Object.keys(table), ...withoutUser].toSorted(), plain.toSorted())
    const upgraded = described.filter(({ isSocket }) => isSocket).map(({ path }) => path)
    assert.deepEqual(Object.keys(sockets).toSorted(), upgraded.toSorted())
    const nameless = (path: string) => path.replace(/\{\w+\}/g, '{}')
    const paths = new Set(described.map(({ path }) => nameless(path)))
    const notDescribed = Object.entries(routes).filter(
      ([, make]) => !paths.has(nameless(decodeURIComponent((make as (...names: string[]) => string)('{a}', '{b}', '{c}')))),
    )
    // They describe, are one path with a protocol of its own, or what the paths of a tunnel begin with.
    assert.deepEqual(notDescribed.map(([name]) => name).toSorted(), ['docs', 'mcp', 'openApi', 'tunnel'])
  })

  for (const [route, [answer, asked]] of Object.entries(table)) {
    const method = route.split(' ')[0] ?? ''
    test(`${route}: ${answer}`, async () => {
      const found = await ask(method, asked(ann))
      isSilentAboutAnn(answer === 'hidden' ? blank(found.text, ann) : found.text)
      if (answer === 'admin') return assert.deepEqual([found.status, JSON.parse(found.text).code], [403, 'not_permitted'])
      if (answer !== 'hidden') return assert.equal(found.status, 200, found.text)
      const missing = await ask(method, asked(none))
      assert.ok([400, 403, 404, 409].includes(found.status), found.text)
      assert.deepEqual([found.status, blank(found.text, ann)], [missing.status, blank(missing.text, none)])
    })
  }

  for (const body of actions) {
    test(`the action ${body.action} on a run of somebody else's: hidden`, async () => {
      const found = await ask('POST', { path: routes.actions(ann.id), body })
      const missing = await ask('POST', { path: routes.actions(none.id), body })
      assert.equal(found.status, 404, found.text)
      assert.equal(blank(found.text, ann), blank(missing.text, none))
    })
  }

  for (const [name, path] of Object.entries(sockets)) {
    test(`the websocket ${name} of a run of somebody else's: hidden`, async () => {
      assert.equal(await statusOfUpgrade(server.endpoint + path(ann.id), token), 404)
    })
  }

  test('an admin who owns nothing of it sees that a run is there, and neither what it is called nor anything in it', async () => {
    const seen = JSON.parse((await ask('GET', { path: routes.allRuns() }, admins)).text) as SeenRun[]
    const run = seen.find(({ id }) => id === ann.id)
    assert.deepEqual([run?.owner, run?.playground, run?.state, run?.machines], ['owner', 'debian', 'RUNNING', 1])
    assert.ok(!JSON.stringify(seen).includes(ann.title))
    // Groups are admins' to manage.
    const hidden = Object.entries(table).filter(([route, [answer]]) => answer === 'hidden' && !route.includes('/api/group'))
    const asked = hidden.map(([route, [, make]]) => [route.split(' ')[0] ?? '', make] as const)
    const ofActions = actions.map((body) => ['POST', ({ id }: Names) => ({ path: routes.actions(id), body })] as const)
    for (const [method, make] of [...asked, ...ofActions]) {
      const [found, missing] = [await ask(method, make(ann), admins), await ask(method, make(none), admins)]
      const what = `${method} ${make(ann).path}`
      assert.ok([400, 403, 404, 409].includes(found.status), `${what}: ${found.text}`)
      assert.deepEqual([found.status, blank(found.text, ann)], [missing.status, blank(missing.text, none)], what)
    }
    for (const path of Object.values(sockets)) assert.equal(await statusOfUpgrade(server.endpoint + path(ann.id), admins), 404)
    assert.ok(!(await ask('GET', { path: `${routes.search()}?search=secret` }, admins)).text.includes(ann.title))
    assert.equal((await ask('GET', { path: routes.plays() }, admins)).text, '[]')
  })

  test('the port of somebody else’s run: 403 for him and for an admin, 401 for nobody, and the guest for its owner', async () => {
    const { port } = new URL(server.endpoint)
    const statusFor = (headers: Record<string, string>) =>
      new Promise((resolve, reject) => {
        const asked = httpRequest(
          { host: '127.0.0.1', port, headers: { host: `${ann.port}.localhost:${port}`, ...headers } },
          (answer) => {
            answer.resume()
            resolve(answer.statusCode)
          },
        )
        asked.on('error', reject)
        asked.end()
      })
    for (const each of [token, admins]) assert.equal(await statusFor({ authorization: `Bearer ${each}` }), 403)
    assert.equal(await statusFor({}), 401)
    assert.equal(await statusFor({ authorization: `Bearer ${await server.token()}` }), 200)
  })

  test('events tell him of his own runs alone', { timeout: 60_000 }, async () => {
    const stream = await fetch(server.endpoint + routes.events(), { headers: { authorization: `Bearer ${token}` } })
    const mine = JSON.parse((await ask('POST', { path: routes.plays(), body: { playground: 'debian', title: 'Bob’s' } })).text)
    await server.ok('playground', 'title', ann.id, `${ann.title}, changed`)
    await server.ok('playground', 'title', ann.id, ann.title)
    await ask('POST', { path: routes.actions(mine.id), body: { action: 'set_title', title: 'Bob’s last' } })
    let text = ''
    for await (const chunk of stream.body ?? []) {
      text += Buffer.from(chunk).toString()
      if (text.includes('Bob’s last')) break
    }
    assert.ok(text.includes(mine.id))
    isSilentAboutAnn(text)
    assert.equal((await ask('DELETE', { path: routes.play(mine.id) })).status, 200)
  })

  test('the lineage of an official playground shows him his own runs of it alone', async () => {
    const { status, text } = await ask('GET', { path: routes.playgroundLineage('debian') })
    assert.equal(status, 200)
    isSilentAboutAnn(text)
    assert.ok((await server.ok('playground', 'lineage', 'debian')).includes(ann.id))
  })

  test('an official playground can be read and started, and neither changed nor removed', async () => {
    const shown = JSON.parse((await ask('GET', { path: routes.playground('debian') })).text)
    assert.deepEqual(shown.userAccess, { canList: true, canRead: true, canStart: true })
    for (const [method, body] of [['PATCH', { title: 'Mine now' }], ['DELETE']] as const) {
      const { status, text } = await ask(method, { path: routes.playground('debian'), ...(body ? { body } : {}) })
      assert.deepEqual([status, JSON.parse(text).code], [403, 'official_playground'])
    }
  })

  test('nothing of hers has changed', async () => {
    const client = await server.client()
    assert.equal((await client.plays.get(ann.id)).state, 'RUNNING')
    assert.equal((await client.plays.get(ann.id)).title, ann.title)
    assert.equal((await client.playgrounds.get(ann.playground)).title, ann.title)
  })

  test('an admin stops her run, which keeps everything, and she is told who did; a throwaway run of the platform is nobody’s', async () => {
    const client = await server.client()
    assert.equal((await ask('POST', { path: routes.stopAnyRun(ann.id) }, admins)).status, 200)
    await until('her run to be off', async () => (await client.plays.get(ann.id)).state === 'STOPPED')
    assert.equal((await ask('POST', { path: routes.stopAnyRun(ann.id) }, admins)).status, 409)
    assert.equal((await ask('POST', { path: routes.stopAnyRun(none.id) }, admins)).status, 404)
    const [stopped] = (await client.audit({ action: 'run.stop' })).filter(({ outcome }) => outcome === 'ok')
    assert.deepEqual([stopped?.user, stopped?.subject, stopped?.detail], ['adam', ann.id, 'by an admin'])
  })
})

/** Without the names that were asked for, which an answer may repeat. */
const blank = (text: string, { id, playground, group }: Names) =>
  text.replaceAll(id, 'ID').replaceAll(playground, 'NAME').replaceAll(group, 'GROUP')

function addUser(file: string, name: string, token: string, role = 'member'): void {
  const db = new DatabaseSync(file, { timeout: 10_000 })
  const at = new Date().toISOString()
  db.prepare('insert into users (id, name, role, created_at) values (?, ?, ?, ?)').run(name, name, role, at)
  const hash = createHash('sha256').update(token).digest('hex')
  db.prepare("insert into tokens (id, user_id, kind, name, hash, created_at) values (?, ?, 'cli', ?, ?, ?)").run(
    name,
    name,
    name,
    hash,
    at,
  )
  db.close()
}

function statusOfUpgrade(url: string, token: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers: { authorization: `Bearer ${token}` } })
    socket.on('unexpected-response', (request, response) => {
      request.destroy()
      resolve(response.statusCode)
    })
    socket.on('open', () => {
      socket.close()
      resolve(101)
    })
    socket.on('error', reject)
  })
}

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { routes } from '@ramet/model/api/routes.ts'
import { outcome, socketTo, startWithGuest } from '../testing/guest-port.ts'
import { asAlice } from '../testing/start-for-test.ts'
import { bob, playId } from '../testing/stub-services.ts'

test('a private port shows a stranger where to sign in, and nothing of the guest', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose()
  const page = await made.ask(hostname, '/next?x="><script>', { headers: { accept: 'text/html' } })
  assert.equal(page.status, 401)
  assert.match(page.text, /Sign in to see this/)
  assert.match(page.text, /href="http:\/\/127\.0\.0\.1:\d+\/enter-port\?name=port1&amp;to=%2Fnext%3Fx%3D%22%3E%3Cscript%3E"/)
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/)
  const program = await made.ask(hostname, '/')
  assert.deepEqual([program.status, JSON.parse(program.text).code], [401, 'sign_in_needed'])
  const cookie = 'ramet_session_abcd=alice-token; __Host-ramet_session_abcd=alice-token; ramet_port=x'
  assert.equal((await made.ask(hostname, '/', { headers: { cookie } })).status, 401)
  assert.equal(await outcome(socketTo(made.server, hostname)), 401)
  assert.equal(made.guest.seen.length, 0)
})

test('the owner’s login becomes a cookie of the port’s host by a ticket that is good once', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose()
  const { answer, cookie, url } = await made.enter('port1')
  assert.deepEqual([answer.status, answer.headers.location], [303, '/headers'])
  assert.match(String(answer.headers['set-cookie']), /HttpOnly; SameSite=Lax$/)
  const seen = await made.ask(hostname, '/headers', { headers: { cookie: `${cookie}; own=1` } })
  assert.equal(seen.status, 200)
  assert.equal(JSON.parse(seen.text).cookie, 'own=1')
  const again = await made.ask(hostname, url.pathname + url.search)
  assert.equal(again.status, 403)
  const other = await made.expose({ number: 81 })
  assert.equal((await made.ask(other.hostname, '/headers', { headers: { cookie } })).status, 401)
  assert.equal((await made.ask(hostname, '/headers', { headers: asAlice })).status, 200)
})

test('another user gets 403: for a ticket, and with a token', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose()
  const asBob = { authorization: 'Bearer bob-token' }
  const answers = await Promise.all(
    ['port1', 'none'].map(async (name) => {
      const answer = await fetch(made.server.endpoint + routes.portLogins(), {
        method: 'POST',
        headers: asBob,
        body: JSON.stringify({ name }),
      })
      return [answer.status, await answer.text()]
    }),
  )
  assert.deepEqual(answers[0], answers[1])
  assert.equal(answers[0]?.[0], 403)
  assert.equal((await made.ask(hostname, '/', { headers: asBob })).status, 403)
  assert.equal(await outcome(socketTo(made.server, hostname, asBob)), 403)
  assert.equal(made.guest.seen.length, 0)
})

test('a pass ends with the login that it came from, also for what is open', async () => {
  await using made = await startWithGuest({ recheckMs: 20 })
  const { hostname } = await made.expose()
  const { server } = made
  await fetch(server.endpoint + routes.login(), { method: 'POST', body: '{"token":"login"}' })
  const { cookie } = await made.enter('port1', 'alice-session')
  const socket = socketTo(server, hostname, { cookie })
  assert.equal(await outcome(socket), 'open')
  const closed = once(socket, 'close')
  await fetch(server.endpoint + routes.logout(), { method: 'POST', headers: { authorization: 'Bearer alice-session' } })
  await closed
  assert.equal((await made.ask(hostname, '/headers', { headers: { cookie } })).status, 401)
})

test('what is open to a port ends when it is published no more', async () => {
  await using made = await startWithGuest({ recheckMs: 20 })
  const { hostname, id } = await made.expose({ access: 'public' })
  const socket = socketTo(made.server, hostname)
  assert.equal(await outcome(socket), 'open')
  const closed = once(socket, 'close')
  await fetch(made.server.endpoint + routes.port(playId, id), { method: 'DELETE', headers: asAlice })
  await closed
  assert.equal((await made.ask(hostname, '/')).status, 404)
})

test('a page of another origin asks a private port for nothing, though the browser sends the cookie; a link leads there', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose()
  const { cookie } = await made.enter('port1')
  const own = `http://${hostname}:${made.port}`
  const other = `http://other.localhost:${made.port}`
  const cases: [headers: Record<string, string>, method: string, status: number][] = [
    [{ 'sec-fetch-site': 'same-origin', origin: own }, 'POST', 200],
    [{ origin: own }, 'POST', 200],
    [{ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, 'GET', 200],
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, 'GET', 200],
    [{ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, 'GET', 403],
    [{ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, 'GET', 403],
    [{ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', origin: other }, 'POST', 403],
    [{ origin: other }, 'POST', 403],
    [{ origin: other }, 'GET', 403],
    [{ origin: 'null' }, 'POST', 403],
  ]
  for (const [headers, method, status] of cases)
    assert.equal(
      (await made.ask(hostname, '/headers', { method, headers: { cookie, ...headers } })).status,
      status,
      JSON.stringify(headers),
    )
  assert.equal(await outcome(socketTo(made.server, hostname, { cookie, origin: own })), 'open')
  assert.equal(await outcome(socketTo(made.server, hostname, { cookie, origin: other })), 403)
})

test('a ticket leads to a path of its own host and nowhere else', async () => {
  await using made = await startWithGuest()
  await made.expose()
  for (const to of ['//evil.example/', '/\\evil.example', 'https://evil.example/', 'x']) {
    const said = await fetch(made.server.endpoint + routes.portLogins(), {
      method: 'POST',
      headers: asAlice,
      body: JSON.stringify({ name: 'port1', to }),
    })
    const url = new URL(((await said.json()) as { url: string }).url)
    const { status, headers } = await made.ask(url.hostname, url.pathname + url.search)
    assert.deepEqual([status, headers.location], [303, '/'], to)
  }
})

test('another user’s ports are not his to see, publish or end', async () => {
  await using made = await startWithGuest()
  const { id } = await made.expose()
  const headers = { authorization: 'Bearer bob-token' }
  assert.equal(bob.name, 'bob')
  for (const [method, path, body] of [
    ['GET', routes.ports(playId), undefined],
    ['POST', routes.ports(playId), '{"number":80}'],
    ['DELETE', routes.port(playId, id), undefined],
    ['POST', routes.portScan(playId), undefined],
    ['GET', routes.portForwards(playId), undefined],
    ['POST', routes.portForwards(playId), '{"kind":"local"}'],
    ['DELETE', routes.portForward(playId, 0), undefined],
  ] as const) {
    const answer = await fetch(made.server.endpoint + path, { method, headers, ...(body ? { body } : {}) })
    assert.equal(answer.status, 404, `${method} ${path}`)
  }
})

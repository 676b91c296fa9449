import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { routes } from '@ramet/model/api/routes.ts'
import { SourceBudget } from '../access/source-budget.ts'
import { asAlice, type Started, start, until } from '../testing/start-for-test.ts'

/** A connection on which the test says what it likes. */
function talk(server: Started) {
  const socket = connect(Number(new URL(server.endpoint).port), '127.0.0.1')
  const heard = { text: '', isOver: false }
  socket.on('data', (chunk) => {
    heard.text += chunk
  })
  socket.on('close', () => {
    heard.isOver = true
  })
  socket.on('error', () => {})
  return { socket, heard, say: (...lines: string[]) => socket.write(lines.join('\r\n')) }
}

const post = (path: string, ...headers: string[]) => [`POST ${path} HTTP/1.1`, 'host: 127.0.0.1', ...headers, '', '']
const evil = 'origin: http://evil.example'
const huge = 'content-length: 8000000'

const refused: [what: string, request: string[], status: number, code: string][] = [
  ['a login of 8 MB', post(routes.login(), huge), 413, 'body_too_large'],
  ['a login of 5 KB', post(routes.login(), 'content-length: 5000'), 413, 'body_too_large'],
  ['a login by a page of another site', post(routes.login(), evil, huge), 403, 'forbidden_origin'],
  ['a change by nobody', post(routes.plays(), 'content-length: 100'), 401, 'not_authenticated'],
  ['a great change by nobody', post(routes.plays(), huge), 413, 'body_too_large'],
  ['a change with a wrong token', post(routes.plays(), 'authorization: Bearer x', 'content-length: 9'), 401, 'not_authenticated'],
  [
    'a great change with a cookie, by a page of another site',
    post(routes.plays(), evil, huge, 'cookie: ramet_session_abcd=alice-token'),
    403,
    'forbidden_origin',
  ],
  ['a path that there is not', post('/api/nothing', huge), 404, 'not_found'],
  [
    'an action of 1 MB',
    post(routes.actions('x'), 'authorization: Bearer alice-token', 'content-length: 1000000'),
    413,
    'body_too_large',
  ],
]
for (const [what, request, status, code] of refused) {
  test(`${what} is refused before its body comes`, async () => {
    await using server = await start()
    const { socket, heard, say } = talk(server)
    say(...request)
    await until('the answer', () => heard.text.includes('}'))
    assert.match(heard.text, new RegExp(`^HTTP/1.1 ${status} `))
    assert.match(heard.text, new RegExp(`"code":"${code}"`))
    socket.destroy()
  })
}

test('a body without a length is refused when it has grown too long', async () => {
  await using server = await start()
  const { socket, heard, say } = talk(server)
  say(...post(routes.login(), 'transfer-encoding: chunked'))
  for (let at = 0; at < 5; at += 1) say('400', 'x'.repeat(1024), '')
  await until('the answer', () => heard.text.includes('body_too_large'))
  assert.match(heard.text, /^HTTP\/1.1 413/)
  socket.destroy()
})

test('who goes on sending after a refusal is cut off', async () => {
  await using server = await start()
  const { socket, heard, say } = talk(server)
  say(...post(routes.login(), huge))
  const more = setInterval(() => socket.write('x'.repeat(100)), 20)
  await until('the end', () => heard.isOver)
  clearInterval(more)
  assert.match(heard.text, /^HTTP\/1.1 413/)
})

test('a login whose body does not come is answered with 408', async () => {
  await using server = await start({ timeouts: { strangersBody: 50 } })
  const { heard, say } = talk(server)
  say(...post(routes.login(), 'content-length: 20'), '{"tok')
  await until('the end', () => heard.isOver)
  assert.match(heard.text, /^HTTP\/1.1 408 [\s\S]*"code":"request_too_slow"/)
})

test('headers that do not end are answered with 408', async () => {
  await using server = await start({ timeouts: { headersTimeout: 50, requestTimeout: 100, connectionsCheckingInterval: 20 } })
  const { heard, say } = talk(server)
  say('GET /api/health HTTP/1.1', 'host: x', '')
  await until('the end', () => heard.isOver)
  assert.match(heard.text, /^HTTP\/1.1 408 [\s\S]*"code":"request_too_slow"/)
})

test('a source that asks too often without a login is told when to come back; who is logged in there goes on', async () => {
  let now = 0
  await using server = await start({ budget: new SourceBudget({ burst: 10, perSecond: 1, now: () => now }) })
  const ask = async (path: string, headers: Record<string, string> = {}) => fetch(server.endpoint + path, { headers })
  assert.equal((await ask(routes.me(), asAlice)).status, 200)
  const answers = []
  for (let at = 0; at < 10; at += 1) answers.push((await ask(routes.me(), { authorization: `Bearer guess-${at}` })).status)
  assert.deepEqual(answers, [...Array(9).fill(401), 429])
  const health = await ask(routes.health())
  assert.deepEqual(
    [health.status, health.headers.get('retry-after'), (await health.json()).code],
    [429, '5', 'too_many_requests'],
  )
  assert.equal((await ask(routes.me(), asAlice)).status, 200)
  now = 2000
  assert.equal((await ask(routes.health())).status, 200)
})

test('a websocket of a source that asks too often is refused too', async () => {
  await using server = await start({ budget: new SourceBudget({ burst: 1, perSecond: 0 }) })
  await fetch(server.endpoint + routes.health())
  const { socket, heard, say } = talk(server)
  say(`GET ${routes.liveStatus('none')} HTTP/1.1`, 'host: x', 'connection: upgrade', 'upgrade: websocket', '', '')
  await until('the answer', () => heard.text.includes('}'))
  assert.match(heard.text, /^HTTP\/1.1 429 [\s\S]*retry-after: 5\r\nx-ratelimit-reset: 5\r\n/)
  socket.destroy()
})

test('connections of a source without a login are bounded; those with one are not counted', async () => {
  await using server = await start({ strangers: 3 })
  const open: Socket[] = []
  const connection = async (...request: string[]) => {
    const { socket, heard, say } = talk(server)
    open.push(socket)
    if (request.length > 0) say(...request)
    return { socket, heard }
  }
  const loggedIn = [`GET ${routes.me()} HTTP/1.1`, 'host: x', 'authorization: Bearer alice-token', '', '']
  for (let at = 0; at < 4; at += 1) {
    const { heard } = await connection(...loggedIn)
    await until('the answer', () => heard.text.includes('alice'))
  }
  const health = [`GET ${routes.health()} HTTP/1.1`, 'host: x', '', '']
  for (let at = 0; at < 3; at += 1) {
    const { heard } = await connection(...health)
    await until('the answer', () => heard.text.includes('installation'))
  }
  const { heard } = await connection(...health)
  await until('the refusal', () => heard.isOver)
  assert.match(heard.text, /^HTTP\/1.1 429 [\s\S]*retry-after: 5[\s\S]*"code":"too_many_connections"/)
  assert.doesNotMatch(heard.text, /installation/)
  open[5]?.destroy()
  for (let tries = 0; ; tries += 1) {
    const again = await connection(...health)
    await until('an answer or a refusal', () => again.heard.text.includes('}'))
    if (again.heard.text.includes('installation')) break
    assert.ok(tries < 100, 'the place of a connection that ended is not free again')
  }
  for (const socket of open) socket.destroy()
})

/** Connections that are all there before the first of them says anything. */
async function crowd(server: Started, count: number) {
  let met = 0
  server.app.server.on('connection', () => {
    met += 1
  })
  const all = Array.from({ length: count }, () => talk(server))
  while (met < count) await once(server.app.server, 'connection')
  return Object.assign(all, { [Symbol.dispose]: () => all.forEach(({ socket }) => void socket.destroy()) })
}

test('who connects many times at once and logs in on each is served on each; strangers beyond the bound are not', async () => {
  await using server = await start({ strangers: 3 })
  const ask = (path: string, ...more: string[]) => [`GET ${path} HTTP/1.1`, 'host: x', ...more, '', '']
  {
    using all = await crowd(server, 12)
    for (const { say } of all) say(...ask(routes.me(), 'authorization: Bearer alice-token'))
    for (const { heard } of all) await until('an answer', () => heard.text.includes('alice'))
    // They are counted no more.
    using strangers = await crowd(server, 3)
    for (const { say } of strangers) say(...ask(routes.health()))
    for (const { heard } of strangers) await until('an answer', () => heard.text.includes('installation'))
  }
  await until('places to be free', async () => (await fetch(server.endpoint + routes.health())).status === 200)
  using all = await crowd(server, 6)
  for (const [at, path] of [routes.me(), routes.health(), '/', '/nothing', routes.liveStatus('none'), routes.me()].entries())
    all[at]?.say(
      ...ask(path, 'authorization: Bearer guessed', ...(at === 4 ? ['connection: upgrade', 'upgrade: websocket'] : [])),
    )
  for (const { heard } of all.slice(3)) {
    await until('the end', () => heard.isOver)
    assert.match(heard.text, /^HTTP\/1.1 429 [\s\S]*"code":"too_many_connections"/)
  }
})

test('a crowd beyond the bound is itself bounded, and whoever of it says nothing is turned away', async (t) => {
  await using server = await start({ strangers: 3 })
  t.mock.timers.enable({ apis: ['setTimeout'] })
  using all = await crowd(server, 13)
  await once(all[12]?.socket ?? server.app.server, 'close')
  assert.match(all[12]?.heard.text ?? '', /too_many_connections/)
  assert.equal(all.filter(({ heard }) => heard.isOver).length, 1)
  t.mock.timers.tick(5000)
  await Promise.all(all.slice(3, 12).map(({ socket }) => once(socket, 'end')))
  assert.ok(all.slice(3, 12).every(({ heard }) => heard.text.includes('too_many_connections')))
  assert.equal(all.slice(0, 3).filter(({ heard }) => heard.text === '').length, 3)
})

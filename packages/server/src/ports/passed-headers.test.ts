import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerHeaders, requestHeaders } from './passed-headers.ts'

const rules = {
  host: 'p.localhost:8420',
  origin: 'http://p.localhost:8420',
  upstreamOrigin: undefined,
  address: '192.0.2.7',
  isOwnAuthorization: false,
}

test('a guest gets what its client sent, but no credential of this server, whatever its spelling', () => {
  const passed = requestHeaders(
    {
      cookie: ['a=1; ramet_session_abcd=x; __Host-ramet_port=y; .ixcondsess=z; RAMET_port=q; b=2', 'ramet_port=y; c=3'],
      authorization: ['Basic guest'],
      accept: ['text/html'],
      'x-twice': ['1', '2'],
    },
    rules,
  )
  assert.equal(passed.cookie, 'a=1; b=2; c=3')
  assert.equal(passed.authorization, 'Basic guest')
  assert.deepEqual(passed['x-twice'], ['1', '2'])
  const own = requestHeaders({ authorization: ['Bearer x'], cookie: ['ramet_port=y'] }, { ...rules, isOwnAuthorization: true })
  assert.deepEqual([own.authorization, own.cookie], [undefined, undefined])
})

test('the way by which a request came is said by this server alone', () => {
  const passed = requestHeaders(
    {
      host: ['evil.example'],
      'x-forwarded-for': ['1.1.1.1'],
      'x-forwarded-user': ['root'],
      'x-real-ip': ['1.1.1.1'],
      forwarded: ['for=1.1.1.1'],
      'x-forwarded-proto': ['https'],
    },
    rules,
  )
  assert.deepEqual(passed, {
    host: 'p.localhost:8420',
    'x-forwarded-for': '192.0.2.7',
    'x-forwarded-host': 'p.localhost:8420',
    'x-forwarded-proto': 'http',
  })
})

test('headers about the connection end here, and so do those that Connection names; never the length of the body', () => {
  const passed = requestHeaders(
    {
      connection: ['keep-alive, X-Hop, content-length'],
      'x-hop': ['1'],
      'keep-alive': ['timeout=5'],
      te: ['trailers'],
      upgrade: ['h2c'],
      'http2-settings': ['x'],
      'proxy-authorization': ['x'],
      'content-length': ['5'],
    },
    rules,
  )
  assert.equal(passed['content-length'], '5')
  assert.deepEqual(Object.keys(passed).sort(), [
    'content-length',
    'host',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
  ])
  assert.equal(requestHeaders({ 'transfer-encoding': ['chunked'] }, rules)['transfer-encoding'], 'chunked')
})

test('a guest that is asked for another host is told of its own origin', () => {
  const passed = requestHeaders(
    { origin: ['http://p.localhost:8420'] },
    { ...rules, host: 'shop.local', upstreamOrigin: 'https://shop.local' },
  )
  assert.deepEqual([passed.host, passed.origin], ['shop.local', 'https://shop.local'])
  assert.equal(
    requestHeaders({ origin: ['http://q.localhost'] }, { ...rules, upstreamOrigin: 'https://shop.local' }).origin,
    'http://q.localhost',
  )
})

test('what of an answer would reach beyond the port’s own host stays here', () => {
  const answered = answerHeaders(
    {
      'set-cookie': [
        'a=1; Path=/; Domain=example.net; Secure',
        'b=2; DOMAIN = .localhost',
        'ramet_session_abcd=evil',
        ' __Host-ramet_port=evil; Secure',
      ],
      'clear-site-data': ['"*"'],
      'alt-svc': ['h3=":443"'],
      'strict-transport-security': ['max-age=1; includeSubDomains'],
      'x-accel-redirect': ['/etc/passwd'],
      'x-sendfile': ['/etc/passwd'],
      'transfer-encoding': ['chunked'],
      connection: ['close'],
      'content-type': ['text/html'],
    },
    { origin: rules.origin, upstreamHosts: new Set() },
  )
  assert.deepEqual(answered, { 'set-cookie': ['a=1; Path=/; Secure', 'b=2'], 'content-type': 'text/html' })
})

for (const [location, leadsTo] of [
  ['http://localhost:3000/a?b#c', 'http://p.localhost:8420/a?b#c'],
  ['https://shop.local/a', 'http://p.localhost:8420/a'],
  ['/a', '/a'],
  ['https://other.example/a', 'https://other.example/a'],
  ['//shop.local/a', '//shop.local/a'],
] as const) {
  test(`a redirect to ${location} leads to ${leadsTo}`, () => {
    const upstreamHosts = new Set(['shop.local', 'localhost:3000'])
    assert.equal(answerHeaders({ location: [location] }, { origin: rules.origin, upstreamHosts }).location, leadsTo)
  })
}

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { Handovers } from './handovers.ts'
import { passIn, passSeconds, readPass, setPass, writePass } from './port-cookie.ts'
import { portHost, portNameOf } from './port-host.ts'
import { listeningPorts } from './scan-ports.ts'

for (const [host, name] of [
  ['abc.localhost', 'abc'],
  ['ABC.LOCALHOST:8420', 'abc'],
  ['localhost', undefined],
  ['a.b.localhost', undefined],
  ['abc.localhost.', undefined],
  ['abc.localhost.evil.example', undefined],
  ['abc.localhost:8420@evil.example', undefined],
  ['abc.localhost:80:80', undefined],
  ['abc.localhost/x', undefined],
  ['.localhost', undefined],
  ['abc_d.localhost', undefined],
  ['abc.xlocalhost', undefined],
  ['127.0.0.1', undefined],
  ['', undefined],
  [undefined, undefined],
] as const) {
  test(`the host ${host} is that of ${name ?? 'no port'}`, () => assert.equal(portNameOf(host, 'localhost'), name))
}

test('a port’s host has the port by which the server was asked', () => {
  assert.equal(portHost('a', 'p.example', 'lab.example:8443'), 'a.p.example:8443')
  assert.equal(portHost('a', 'p.example', '[::1]:8443'), 'a.p.example:8443')
  assert.equal(portHost('a', 'p.example', '[::1]'), 'a.p.example')
  assert.equal(portHost('a', 'p.example', 'lab.example'), 'a.p.example')
})

const key = randomBytes(32)
const pass = { portId: 'a'.repeat(24), loginHash: 'b'.repeat(64) }

test('a pass is what was written, until it ends; changed, or of another key, it is nothing', () => {
  const now = Date.now()
  const text = writePass(key, pass, now)
  assert.deepEqual(readPass(key, text, now), pass)
  assert.equal(readPass(key, text, now + (passSeconds + 1) * 1000), undefined)
  assert.equal(readPass(randomBytes(32), text, now), undefined)
  for (const changed of [text.replace('a', 'c'), text.replace('b', 'c'), `${text}x`, text.slice(1), '', '....'])
    assert.equal(readPass(key, changed, now), undefined, changed)
})

test('by https the cookie is for this host and https alone', () => {
  assert.match(setPass('x', true), /^__Host-ramet_port=x; .*HttpOnly; SameSite=Lax; Secure$/)
  assert.match(setPass('x', false), /^ramet_port=x; .*HttpOnly; SameSite=Lax$/)
  assert.equal(passIn('ramet_port=tossed; __Host-ramet_port=own'), 'own')
})

test('a ticket is good once, for its port, within a minute', () => {
  let now = 0
  const handovers = new Handovers(() => now)
  const [first, second, third] = [handovers.make(pass), handovers.make(pass), handovers.make(pass)]
  assert.equal(handovers.take(first, 'other'), undefined)
  assert.equal(handovers.take(first, pass.portId), undefined)
  assert.equal(handovers.take(second, pass.portId)?.loginHash, pass.loginHash)
  assert.equal(handovers.take(second, pass.portId), undefined)
  now = 60_001
  assert.equal(handovers.take(third, pass.portId), undefined)
})

test('what listens is read from /proc, whatever a guest writes there', () => {
  const text = [
    '  sl  local_address rem_address   st tx_queue rx_queue',
    '   0: 00000000:0050 00000000:0000 0A 00000000:00000000',
    '   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000',
    '   2: 0100007F:1F91 0100007F:0016 01 00000000:00000000',
    '   3: 00000000000000000000000000000000:0050 0000:0000 0A',
    '   4: xyz:0050 0 0A',
    '   5: 00000000:0000 00000000:0000 0A',
    'rubbish',
  ].join('\n')
  assert.deepEqual(listeningPorts(text), [80, 8080])
})

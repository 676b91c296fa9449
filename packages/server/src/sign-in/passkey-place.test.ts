import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passkeyPlace } from './passkey-place.ts'

for (const origin of ['https://lab.example.net', 'https://lab.example.net:8443', 'http://localhost:8420']) {
  test(`there are passkeys at ${origin}`, () => {
    assert.deepEqual(passkeyPlace(origin), { rpId: new URL(origin).hostname, origin })
  })
}

for (const [origin, why] of [
  ['http://127.0.0.1:8420', /http:\/\/localhost/],
  ['http://[::1]:8420', /http:\/\/localhost/],
  ['https://192.0.2.7', /by a name/],
  ['http://lab.example.net', /https alone/],
] as const) {
  test(`there are none at ${origin}, and it says why`, () => {
    const place = passkeyPlace(origin)
    assert.match('whyNot' in place ? place.whyNot : '', why)
  })
}

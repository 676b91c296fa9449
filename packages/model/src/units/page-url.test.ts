import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coverSchema, hostSchema, pageUrlSchema } from './page-url.ts'

const hostile = [
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\nscript:alert(1)',
  ' javascript:alert(1)',
  '\x01javascript:alert(1)',
  'data:text/html,x',
  'blob:http://a/b',
  'file:///etc/passwd',
  'http:evil.example',
  'http:/\\evil.example',
  'https://',
  'https://kernel.org@evil.example/',
  'https://user:password@kernel.org/',
  'https://a b/',
  'https://kernel.org/\u202eexe',
  'mailto:a@b',
]
for (const url of hostile) {
  test(`${JSON.stringify(url)} is no page and no picture`, () => {
    assert.equal(pageUrlSchema.safeParse(url).success, false)
    assert.equal(coverSchema.safeParse(url).success, false)
  })
}

test('pages of http and https and of this server are taken', () => {
  for (const url of [
    'https://www.kernel.org/doc/?a=b#c',
    'http://[2001:db8::1]:8080/',
    'HTTPS://x.example',
    '/runs/1',
    '/',
    'https://de.wikipedia.org/wiki/Ä',
  ])
    assert.equal(pageUrlSchema.safeParse(url).success, true, url)
})

test('a picture may stand beside its manifest, and nowhere above', () => {
  for (const url of ['__static__/cover.png', 'cover.svg', 'https://x.example/c.png'])
    assert.equal(coverSchema.safeParse(url).success, true, url)
  for (const url of ['../x.png', 'a/../../x.png', './x', 'a:b']) assert.equal(coverSchema.safeParse(url).success, false, url)
})

test('a host to say instead has no ends of lines', () => {
  for (const host of ['localhost', 'app.example:8080', '[::1]:80', '10.0.0.1'])
    assert.equal(hostSchema.safeParse(host).success, true, host)
  for (const host of ['a\r\nx-evil: 1', 'a b', 'a/b', 'a@b', '', ':80', 'a:b', 'ä.example'])
    assert.equal(hostSchema.safeParse(host).success, false, JSON.stringify(host))
})

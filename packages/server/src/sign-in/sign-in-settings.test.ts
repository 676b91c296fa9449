import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSignIn } from './sign-in-settings.ts'

test('without settings nobody else says who somebody is', () => {
  assert.deepEqual(readSignIn({}, { RAMET_OIDC_ISSUER: '' }), { oidc: undefined, github: undefined })
})

test('flags win over variables; lists are read in small letters', () => {
  const { oidc, github } = readSignIn(
    { 'oidc-issuer': 'https://id.example.org/realms/lab', 'oidc-client-id': 'ramet', 'github-client-id': 'Iv1' },
    {
      RAMET_OIDC_ISSUER: 'https://other.example.org',
      RAMET_OIDC_CLIENT_SECRET_FILE: '/etc/oidc',
      RAMET_OIDC_DOMAINS: 'Example.org, lab.example',
      RAMET_GITHUB_CLIENT_SECRET_FILE: '/etc/github',
    },
  )
  assert.deepEqual(
    [oidc?.issuer.href, oidc?.label, oidc?.secretFile, oidc?.welcome],
    ['https://id.example.org/realms/lab', 'id.example.org', '/etc/oidc', ['example.org', 'lab.example']],
  )
  assert.deepEqual([github?.url.origin, github?.welcome], ['https://github.com', []])
})

for (const [given, where] of [
  [{ RAMET_OIDC_ISSUER: 'http://id.example.org' }, 'RAMET_OIDC_ISSUER'],
  [{ RAMET_OIDC_ISSUER: 'id.example.org' }, 'RAMET_OIDC_ISSUER'],
  [{ RAMET_OIDC_ISSUER: 'https://id.example.org' }, '--oidc-client-id'],
  [{ RAMET_OIDC_ISSUER: 'https://id.example.org', RAMET_OIDC_CLIENT_ID: 'x' }, '--oidc-client-secret-file'],
  [{ RAMET_GITHUB_CLIENT_ID: 'x' }, '--github-client-secret-file'],
] as const) {
  test(`${Object.keys(given).join(', ')} alone is refused at ${where}`, () => {
    assert.throws(() => readSignIn({}, given), { code: 'invalid_input', where })
  })
}

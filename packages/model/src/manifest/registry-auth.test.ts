import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInput } from '../errors/error.ts'
import { parseManifest, parsePlaygroundBody } from './parse-manifest.ts'
import { printManifest } from './print-manifest.ts'
import { registryAuthOf } from './registry-auth.ts'

const secret = 'se:cret-7f3a'
const text = (auth: string, ...sources: string[]) => `kind: playground
title: A private root
playground:
  machines:
${sources.map((source, at) => `    - name: m${at}\n      drives: [{ source: '${source}', mount: / }]`).join('\n')}
  networks: [{ name: local, subnet: 172.16.0.0/24 }]
  ${auth}
  accessControl: { canList: [owner], canRead: [owner], canStart: [owner] }
`
const read = (...of: Parameters<typeof text>) => parseManifest(text(...of), 'f')

test('registryAuth belongs to the one registry that the drives name; a password may contain colons', () => {
  const { spec, warnings } = read(
    `registryAuth: 'ann:${secret}'`,
    'oci://reg.example.org:5000/a',
    'docker://REG.example.org:5000/b:2',
  )
  assert.deepEqual(registryAuthOf(spec), { host: 'reg.example.org:5000', user: 'ann', password: secret })
  assert.deepEqual(warnings, [])
  assert.equal(registryAuthOf(read('', 'oci://reg.example.org/a').spec), undefined)
})

test('with several registries, or none, it is used for nothing, and that is told', () => {
  for (const sources of [['debian-stable'], ['oci://a.example.org/x', 'oci://b.example.org/x']]) {
    const { spec, warnings } = read(`registryAuth: ann:${secret}`, ...sources)
    assert.equal(registryAuthOf(spec), undefined)
    assert.deepEqual(
      warnings.map(({ code, where }) => [code, where]),
      [['not_acted_on', `f:${6 + 2 * sources.length}:17`]],
    )
    assert.doesNotMatch(JSON.stringify(warnings), /7f3a/)
  }
})

test('a value that is no name and password is refused without being quoted', () => {
  for (const value of ['cret-7f3a', `':cret-7f3a'`, `'cret-7f3a:'`, `"ann:cret-7f3a with blanks"`, '[cret-7f3a]'])
    assert.throws(
      () => read(`registryAuth: ${value}`, 'oci://a.example.org/x'),
      (error) =>
        error instanceof InvalidInput && /registryAuth/.test(error.message) && !/7f3a/.test(JSON.stringify(error.problems)),
      value,
    )
})

test('a misspelt one is told of, and what is in it is not kept', () => {
  for (const name of ['registryauth', 'registry_auth', 'registryAuths', 'registryPassword']) {
    const { warnings, unknownFields } = read(`${name}: ann:${secret}`, 'oci://a.example.org/x')
    assert.match(warnings[0]?.message ?? '', new RegExp(name))
    assert.deepEqual(unknownFields, [], name)
    const path = ['playground', name]
    const body = { base: 'x', machines: [], [name]: secret, unknownFields: [{ path, value: secret }] }
    assert.deepEqual(parsePlaygroundBody(body).unknownFields, [], name)
  }
})

test('no printed manifest has it', () => {
  const { spec } = read(`registryAuth: ann:${secret}`, 'oci://a.example.org/x')
  const shown = { ...spec, name: 'n', base: 'flexbox', title: 'A private root', description: '', categories: [] }
  assert.doesNotMatch(printManifest(shown), /registryAuth|7f3a/)
})

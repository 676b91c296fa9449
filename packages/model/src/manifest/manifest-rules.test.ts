import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bases, images } from '../testing/bases.ts'
import { areRefused, areWarnedOf } from '../testing/faulty-manifests.ts'
import { drives, inner } from '../testing/manifest-text.ts'
import { parseManifest } from './parse-manifest.ts'

areRefused([
  {
    says: 'an unknown machine on a tab',
    text: inner(`  machines: [{name: a, ${drives}}]\n  tabs: [{machine: bb}]`),
    code: 'unknown_machine',
    at: 'bb',
  },
  {
    says: 'a missing title',
    text: `kind: playground\nplayground: {machines: [{name: a, ${drives}}]}`,
    code: 'missing_field',
    at: 'kind',
  },
  {
    says: 'a title that would clear a screen',
    text: inner(`  machines: [{name: a, ${drives}}]`).replace('Two machines', '"Two \\e[2J machines"'),
    code: 'invalid_value',
    at: '"Two',
    hint: /control characters/,
  },
  {
    says: 'a tab whose name turns the direction of text',
    text: inner(`  machines: [{name: a, ${drives}}]\n  tabs: [{machine: a, name: "gpj.\\u202eexe"}]`),
    code: 'invalid_value',
    at: '"gpj',
  },
  {
    says: 'a description that would clear a screen',
    text: inner(`  machines: [{name: a, ${drives}}]`).replace('playground:\n', 'description: "a \\e[2J b"\nplayground:\n'),
    code: 'invalid_value',
    at: '"a ',
    hint: /U\+001B \(ESC\) at character 3/,
  },
  {
    says: 'a host of two lines',
    text: inner(
      `  machines: [{name: a, ${drives}}]\n  tabs: [{kind: http-port, name: App, number: 80, hostRewrite: "a\\r\\nX: y"}]`,
    ),
    code: 'invalid_value',
    at: '"a\\r',
  },
  {
    says: 'a page that is another host for browsers',
    text: inner(`  machines: [{name: a, ${drives}}]\n  tabs: [{kind: web-page, name: Docs, url: '/\\evil.example'}]`),
    code: 'invalid_value',
    at: "'/",
  },
  {
    says: 'an unknown base',
    text: `base: debain\n${inner('  machines: []')}`,
    code: 'unknown_base',
    at: 'debain',
    hint: /debian/,
  },
  {
    says: 'a machine that the base lacks',
    text: `base: debian\n${inner('  machines: [{name: web}]')}`,
    code: 'unknown_machine',
    at: 'web',
    hint: /flexbox/,
  },
])

areWarnedOf([
  {
    says: 'access for somebody elsewhere',
    text: inner(
      `  machines: [{name: a, ${drives}}]\n  accessControl: {canList: [owner, "student:ann"], canStart: [anyone, user:bob]}`,
    ),
    code: 'not_acted_on',
    at: '"student:ann"',
  },
  {
    says: 'somebody in a list of access whom nobody knows',
    text: inner(`  machines: [{name: a, ${drives}}]\n  accessControl: {canList: [owner, "org:acme"]}`),
    code: 'unknown_principal',
    at: '"org:acme"',
  },
  {
    says: 'a base that has not a machine that is described in full',
    text: `base: debian\n${inner(`  machines: [{name: web, ${drives}}, {name: app, ${drives}}]`)}`,
    code: 'unknown_machine',
    at: 'web',
    hint: /base: flexbox/,
  },
  {
    says: 'a forward of a port of one’s own side',
    text: inner(
      `  machines: [{name: a, ${drives}}]\n  portForwards: [{kind: remote, machine: a, localPort: 8080, remotePort: 80}]`,
    ),
    code: 'not_acted_on',
    at: 'remote',
  },
  {
    says: 'an unknown base of a manifest that describes its machines in full',
    text: `base: debain\n${inner(`  machines: [{name: web, ${drives}}]`)}`,
    code: 'unknown_base',
    at: 'debain',
    hint: /flexbox/,
  },
])

test('what is left out comes from the base', () => {
  const { spec } = parseManifest(`base: debian\n${inner('  machines: [{name: debian, resources: {cpuCount: 2}}]')}`, 'm.yaml', {
    images,
    bases,
    complete: true,
  })
  assert.deepEqual(spec.machines[0]?.drives[0]?.source, 'debian-stable')
  assert.equal(spec.machines[0]?.resources?.cpuCount, 2)
})

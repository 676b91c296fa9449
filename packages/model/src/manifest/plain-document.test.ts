import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveSpec } from '../plan/defaults.ts'
import { images } from '../testing/bases.ts'
import { areRefused } from '../testing/faulty-manifests.ts'
import { drives, inner, one } from '../testing/manifest-text.ts'
import { manifestProblems, parseManifest } from './parse-manifest.ts'

areRefused([
  {
    says: 'both spellings, and different values',
    text: one(`${drives}\nnoSSH: true\nnoSsh: false`),
    code: 'duplicate_key',
    at: 'noSsh',
  },
  { says: 'a list where a map belongs', text: inner('  machines: {}'), code: 'invalid_value', at: '{}' },
])

test('modes, owners and kernels without quotes are taken', () => {
  const files = ['644', '0755', '0o600', '"0640"'].map((mode) => `{path: /f, content: x, mode: ${mode}, owner: 1000}`).join(', ')
  const { spec } = parseManifest(one(`${drives}\nkernel: 6.1\nstartupFiles: [${files}]`), 'm.yaml', { images })
  assert.deepEqual(
    resolveSpec(spec).machines[0]?.startupFiles.map(({ mode, owner }) => `${mode} ${owner}`),
    ['644 1000', '755 1000', '600 1000', '0640 1000'],
  )
  assert.equal(spec.machines[0]?.kernel, '6.1')
})

test('other spellings and the short kernel form are taken', () => {
  const { spec } = parseManifest(one(`${drives}\nkernel: "6.1"\nbackend: firecracker\nnoSsh: true`), 'm.yaml', { images })
  assert.equal(spec.machines[0]?.noSSH, true)
  assert.equal(spec.machines[0]?.kernel, '6.1')
})

test('a text without quotes is what is written there, whatever it looks like', () => {
  const text = one(
    `${drives}\nkernel: 5.10\nbackend: 1\nusers: [{name: laborant, welcome: 2026}]\nstartupFiles: [{path: /f, content: true, mode: 0640}]`,
  ).replace('title: Two machines', 'title: 20480')
  const tasks =
    '  initTasks: {5.10: {run: true, env: {DEBUG: yes, LEVEL: 1.50, ON: true}, conditions: [{key: tls, value: true}]}}\n'
  const conditions = '  initConditions: {values: [{key: tls, default: false, options: [true, false, 3]}]}\n'
  const { manifest } = parseManifest(text + tasks + conditions, 'm.yaml', { images })
  const [machine] = manifest.playground.machines
  assert.equal(manifest.title, '20480')
  assert.deepEqual([machine?.kernel, machine?.backend, machine?.users[0]?.welcome], ['5.10', '1', '2026'])
  assert.deepEqual([machine?.startupFiles[0]?.content, machine?.startupFiles[0]?.mode], ['true', '640'])
  const task = manifest.playground.initTasks?.['5.10']
  assert.deepEqual([task?.run, task?.conditions[0]?.value], ['true', 'true'])
  assert.deepEqual(task?.env, ['DEBUG=yes', 'LEVEL=1.50', 'ON=true'])
  const [condition] = manifest.playground.initConditions?.values ?? []
  assert.deepEqual([condition?.default, condition?.options], ['false', ['true', 'false', '3']])
})

test('where true or false belongs, yes and no are taken, as labctl does it; in quotes they are texts', () => {
  const users = (value: string) => one(`${drives}\nnoSsh: On\nusers: [{name: a, default: ${value}}]`)
  const { manifest } = parseManifest(users('yes'), 'm.yaml', { images })
  assert.deepEqual([manifest.playground.machines[0]?.noSSH, manifest.playground.machines[0]?.users[0]?.default], [true, true])
  assert.match(manifestProblems(users('"yes"'), 'm.yaml', { images })[0]?.message ?? '', /default` cannot be "yes"/)
  assert.match(manifestProblems(users('1'), 'm.yaml', { images })[0]?.message ?? '', /default` cannot be 1/)
  assert.match(manifestProblems(users('maybe'), 'm.yaml', { images })[0]?.message ?? '', /default` cannot be "maybe"/)
})

test('empty texts and zeros of clients in Go are as if they were not there', () => {
  const text = one(
    'users:\nkernel: ""\ndrives: [{source: debian-stable, mount: /, size: "", filesystem: ""}]\nresources: {cpuCount: 0, ramSize: ""}\nnetwork: {interfaces: [{network: local, address: ""}]}',
  )
  const { spec, warnings } = parseManifest(text, 'm.yaml', { images })
  assert.deepEqual(warnings, [])
  assert.equal(resolveSpec(spec).machines[0]?.cpuCount, 1)
})

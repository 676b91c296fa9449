import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { resolveSpec } from '../plan/defaults.ts'
import { bases, images } from '../testing/bases.ts'
import { manifestProblems, parseManifest } from './parse-manifest.ts'

/** A manifest around the lines of its inner part; these begin at line 4. */
const inner = (lines: string) => `kind: playground\ntitle: Two machines\nplayground:\n${lines}`
const drives = 'drives: [{source: debian-stable, mount: /}]'

/** Where the text `mark` first stands in `text`, as a problem says it. */
function position(text: string, mark: string): string {
  const before = text.slice(0, text.indexOf(mark))
  assert.ok(text.includes(mark), mark)
  return `m.yaml:${before.split('\n').length}:${before.length - before.lastIndexOf('\n')}`
}

interface Bad {
  readonly says: string
  readonly text: string
  readonly code: string
  /** The problem is at the first place where this stands. */
  readonly at: string
  readonly hint?: RegExp
}

const six = Array.from({ length: 6 }, (_, i) => `    - {name: m${i}, ${drives}}`).join('\n')
const net = (line: string) =>
  inner(`  networks: [{name: n, subnet: 10.0.0.0/24}]\n  machines:\n    - name: a\n      ${drives}\n      network: ${line}\n`)
const one = (lines: string) => inner(`  machines:\n    - name: a\n${lines.replace(/^/gm, '      ')}\n`)

const golden: Bad[] = [
  { says: 'six machines', text: inner(`  machines:\n${six}`), code: 'too_many', at: '{name: m5', hint: /Leave out 1/ },
  {
    says: 'the same machine twice',
    text: inner(`  machines:\n    - {name: a, ${drives}}\n    - {${drives}, name: "a"}`),
    code: 'duplicate_name',
    at: '"a"',
  },
  {
    says: 'the same network twice',
    text: inner(`  networks: [{name: n}, {name: "n"}]\n  machines: [{name: a, ${drives}}]`),
    code: 'duplicate_name',
    at: '"n"',
  },
  {
    says: 'overlapping subnets',
    text: inner(
      `  networks: [{name: n, subnet: 10.0.0.0/16}, {name: o, subnet: 10.0.9.0/24}]\n  machines: [{name: a, ${drives}}]`,
    ),
    code: 'overlapping_subnets',
    at: '10.0.9.0/24',
  },
  {
    says: 'an address outside its subnet',
    text: net('{interfaces: [{network: n, address: 10.0.1.5}]}'),
    code: 'address_outside_subnet',
    at: '10.0.1.5',
  },
  {
    says: 'a broadcast address',
    text: net('{interfaces: [{network: n, address: 10.0.0.255}]}'),
    code: 'reserved_address',
    at: '10.0.0.255',
  },
  {
    says: 'a wrong mask',
    text: net('{interfaces: [{network: n, address: 10.0.0.5/16}]}'),
    code: 'invalid_value',
    at: '10.0.0.5/16',
  },
  {
    says: 'an address twice',
    text: net('{interfaces: [{network: n, address: 10.0.0.5}, {network: n, address: 10.0.0.5/24}]}'),
    code: 'duplicate_address',
    at: '10.0.0.5/24',
  },
  {
    says: 'an unknown network',
    text: net('{interfaces: [{network: nn}]}'),
    code: 'unknown_network',
    at: 'nn}',
    hint: /Did you mean n/,
  },
  {
    says: 'a gateway outside',
    text: inner(`  networks: [{name: n, subnet: 10.0.0.0/24, gateway: 10.9.0.1}]\n  machines: [{name: a, ${drives}}]`),
    code: 'address_outside_subnet',
    at: '10.9.0.1',
  },
  {
    says: 'a subnet with host bits',
    text: inner(`  networks: [{name: n, subnet: 10.0.0.7/24}]\n  machines: [{name: a, ${drives}}]`),
    code: 'invalid_value',
    at: '10.0.0.7',
    hint: /10\.0\.0\.0\/24/,
  },
  {
    says: 'a subnet that is too small',
    text: inner(`  networks: [{name: n, subnet: 10.0.0.0/31}]\n  machines: [{name: a, ${drives}}]`),
    code: 'invalid_value',
    at: '10.0.0.0/31',
  },
  {
    says: 'the range of outer addresses',
    text: inner(`  networks: [{name: n, subnet: 198.19.0.0/24}]\n  machines: [{name: a, ${drives}}]`),
    code: 'reserved_subnet',
    at: '198.19',
  },
  {
    says: 'a drive of 100 TB',
    text: one('drives: [{source: debian-stable, mount: /, size: 100TB}]'),
    code: 'drive_too_big',
    at: '100TB',
    hint: /100GiB/,
  },
  {
    says: 'a size that is none',
    text: one('drives: [{source: debian-stable, mount: /, size: lots}]'),
    code: 'invalid_value',
    at: 'lots',
  },
  { says: 'no root drive', text: one('drives: [{size: 1GiB}]'), code: 'missing_field', at: 'name: a' },
  { says: 'a root drive without source', text: one('drives: [{mount: /}]'), code: 'missing_field', at: '{mount: /}' },
  {
    says: 'two drives at one place',
    text: one('drives: [{source: debian-stable, mount: /}, {size: 1GiB, mount: /d}, {size: 1GiB, mount: "/d"}]'),
    code: 'duplicate_name',
    at: '"/d"',
  },
  { says: 'too little memory', text: one(`${drives}\nresources: {ramSize: 1MiB}`), code: 'invalid_value', at: '1MiB' },
  {
    says: 'an unknown machine on a tab',
    text: inner(`  machines: [{name: a, ${drives}}]\n  tabs: [{machine: bb}]`),
    code: 'unknown_machine',
    at: 'bb',
  },
  { says: 'a bad machine name', text: inner(`  machines: [{name: Web_1, ${drives}}]`), code: 'invalid_value', at: 'Web_1' },
  { says: 'a machine without a name', text: inner(`  machines: [{${drives}}]`), code: 'missing_field', at: '{drives' },
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
    says: 'a startup file of two lines',
    text: one(`${drives}\nstartupFiles: [{path: "/a\\nb", content: x}]`),
    code: 'invalid_value',
    at: '"/a',
    hint: /ends of lines/,
  },
  {
    says: 'an owner that is no id',
    text: one(`${drives}\nstartupFiles: [{path: /a, content: x, owner: "4294967295"}]`),
    code: 'invalid_value',
    at: '"4294967295"',
  },
  {
    says: 'a drive over /proc',
    text: one('drives: [{source: debian-stable, mount: /}, {size: 1GiB, mount: /proc/x}]'),
    code: 'invalid_value',
    at: '/proc/x',
  },
  {
    says: 'two drives at one place, written in two ways',
    text: one('drives: [{source: debian-stable, mount: /}, {size: 1GiB, mount: /d}, {size: 1GiB, mount: //d/}]'),
    code: 'duplicate_name',
    at: '//d/',
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
    says: 'an unknown image',
    text: one('drives: [{source: debian-stabel, mount: /}]'),
    code: 'unknown_image',
    at: 'debian-stabel',
    hint: /Did you mean debian-stable/,
  },
  {
    says: 'a reference to a registry that is none',
    text: one('drives: [{source: "oci://ghcr.io/Upper:z", mount: /}]'),
    code: 'invalid_value',
    at: '"oci',
  },
  {
    says: 'a drive too small for its filesystem',
    text: one('drives: [{source: debian-stable, mount: /}, {size: 100MiB, mount: /d, filesystem: xfs}]'),
    code: 'invalid_value',
    at: '100MiB',
  },
  {
    says: 'a folder to build that is none',
    text: one('drives: [{source: "build:", mount: /}]'),
    code: 'invalid_value',
    at: '"build:"',
  },
  {
    says: 'a default that is none of the options',
    text: inner(
      `  machines: [{name: a, ${drives}}]\n  initConditions: {values: [{key: k, default: three, options: [one, two]}]}`,
    ),
    code: 'invalid_value',
    at: 'three',
    hint: /one, two/,
  },
  {
    says: 'a pattern that is none',
    text: inner(`  machines: [{name: a, ${drives}}]\n  initConditions: {values: [{key: k, validationRegex: "[a"}]}`),
    code: 'invalid_value',
    at: '"[a"',
  },
  {
    says: 'a task whose name climbs',
    text: inner(`  machines: [{name: a, ${drives}}]\n  initTasks: {../t: {machine: a, run: "true"}}`),
    code: 'invalid_value',
    at: '../t',
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
  { says: 'a key twice', text: inner('  machines: []\n  "machines": []'), code: 'duplicate_key', at: '"machines"' },
  { says: 'broken YAML', text: 'kind: playground\ntitle: a: b', code: 'invalid_yaml', at: 'a: b' },
  { says: 'two documents', text: `${inner('  machines: []')}\n---\nkind: playground`, code: 'invalid_yaml', at: '---' },
  { says: 'a tag', text: inner('  machines: !!set {a}'), code: 'invalid_yaml', at: '!!set' },
  {
    says: 'both spellings, and different values',
    text: one(`${drives}\nnoSSH: true\nnoSsh: false`),
    code: 'duplicate_key',
    at: 'noSsh',
  },
  { says: 'a list where a map belongs', text: inner('  machines: {}'), code: 'invalid_value', at: '{}' },
  { says: 'a field named __proto__', text: one(`${drives}\n__proto__: {polluted: 1}`), code: 'unknown_field', at: '__proto__' },
]

const warned: Bad[] = [
  {
    says: 'an unknown field',
    text: one(`${drives}\nresources: {cpus: 2}`),
    code: 'unknown_field',
    at: 'cpus',
    hint: /Did you mean `cpuCount`/,
  },
  {
    says: 'an unknown field at the top',
    text: `titel: x\n${inner(`  machines: [{name: a, ${drives}}]`)}`,
    code: 'unknown_field',
    at: 'titel',
    hint: /`title`/,
  },
  {
    says: 'an unknown field in a list of access',
    text: inner(`  machines: [{name: a, ${drives}}]\n  accessControl: {visibility: public, canList: [owner]}`),
    code: 'unknown_field',
    at: 'visibility',
  },
  { says: 'another kernel', text: one(`${drives}\nkernel: {source: "6.12"}`), code: 'unknown_kernel', at: '{source: "6.12"' },
  { says: 'another backend', text: one(`${drives}\nbackend: cloud-hypervisor`), code: 'not_acted_on', at: 'cloud-h' },
  {
    says: 'access for anyone',
    text: inner(`  machines: [{name: a, ${drives}}]\n  accessControl: {canList: [owner, anyone], canStart: [anyone]}`),
    code: 'not_acted_on',
    at: 'anyone',
  },
  {
    says: 'a task on a condition that is not there',
    text: inner(
      `  machines: [{name: a, ${drives}}]\n  initConditions: {values: [{key: version}]}\n  initTasks: {t: {machine: a, run: "true", conditions: [{key: versoin, value: v}]}}`,
    ),
    code: 'unknown_condition',
    at: 'versoin',
    hint: /Did you mean version/,
  },
  {
    says: 'a root drive that is not first',
    text: one('drives: [{size: 1GiB}, {source: debian-stable, mount: /}]'),
    code: 'root_drive_moved',
    at: '/}',
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
    says: 'a status of a task',
    text: inner(`  machines: [{name: a, ${drives}}]\n  initTasks: {t: {machine: a, run: "true", status: 40}}`),
    code: 'not_acted_on',
    at: '40',
  },
  {
    says: 'an init task that needs one that is repeated',
    text: inner(
      `  machines: [{name: a, ${drives}}]\n  initTasks: {t: {init: true, run: "true", needs: [check]}, check: {init: false, run: "true"}}`,
    ),
    code: 'not_acted_on',
    at: 'check]',
  },
  {
    says: 'a check that needs a helper',
    text: inner(
      `  machines: [{name: a, ${drives}}]\n  initTasks: {t: {init: false, run: "true", needs: [load]}, load: {helper: true, run: "true"}}`,
    ),
    code: 'not_acted_on',
    at: 'load]',
  },
  {
    says: 'a hintcheck of an init task',
    text: inner(`  machines: [{name: a, ${drives}}]\n  initTasks: {t: {init: true, run: "true", hintcheck: "echo"}}`),
    code: 'not_acted_on',
    at: 'hintcheck',
  },
  {
    says: 'a task that names no machine of several',
    text: inner(`  machines: [{name: a, ${drives}}, {name: b, ${drives}}]\n  initTasks: {setup: {run: "true"}}`),
    code: 'default_machine',
    at: 'setup',
  },
  {
    says: 'the size of a drive that nobody can write to',
    text: one('drives: [{source: debian-stable, mount: /}, {source: debian-stable, mount: /x, readOnly: true, size: 9GiB}]'),
    code: 'not_acted_on',
    at: '9GiB',
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
]

for (const { says, text, code, at, hint } of warned) {
  test(`${says} is warned of as ${code} at its place, and refused when it was asked to be strict`, () => {
    const { warnings } = parseManifest(text, 'm.yaml', { images, bases })
    assert.deepEqual(
      warnings.map((warning) => [warning.code, warning.where, warning.severity]),
      [[code, position(text, at), 'warning']],
    )
    if (hint) assert.match(warnings[0]?.hint ?? '', hint)
    assert.throws(() => parseManifest(text, 'm.yaml', { images, bases, strict: true }), { code })
  })
}

for (const { says, text, code, at, hint } of golden) {
  test(`${says} is refused as ${code} at its place`, () => {
    const problems = manifestProblems(text, 'm.yaml', { images, bases })
    const found = problems.find((problem) => problem.code === code)
    assert.ok(found, JSON.stringify(problems))
    assert.equal(found.where, position(text, at), JSON.stringify(found))
    assert.equal(problems.length, 1, JSON.stringify(problems, undefined, 1))
    if (hint) assert.match(found.hint ?? '', hint)
  })
}

test('needs that go in a circle are named', () => {
  const text = inner(
    `  machines: [{name: a, ${drives}}]\n  initTasks:\n    x: {machine: a, run: "1", needs: [y]}\n    y: {machine: a, run: "1", needs: [x]}\n    z: {machine: b, run: "1", needs: [w]}`,
  )
  const problems = manifestProblems(text, 'm.yaml')
  assert.deepEqual(problems.map(({ code }) => code).toSorted(), ['task_cycle', 'unknown_machine', 'unknown_task'])
  assert.match(problems.find(({ code }) => code === 'task_cycle')?.message ?? '', /x → y → x/)
})

test('all faults are told at once, also beside unknown fields', () => {
  const text = one('drivs: []\ndrives: [{source: debian-stable, mount: /, size: 1000TB}]\nbackend: cloud-hypervisor')
  assert.deepEqual(
    manifestProblems(text, 'm.yaml').map(({ code }) => code),
    ['drive_too_big', 'unknown_field', 'not_acted_on'],
  )
})

test('what is wrong beside an unknown field is told with it', () => {
  const text = one('drives: [{source: debian-stable, mount: /, format: raw, size: lots}]\ncolour: red')
  assert.deepEqual(
    manifestProblems(text, 'm.yaml').map(({ code, severity }) => [code, severity]),
    [
      ['invalid_value', undefined],
      ['unknown_field', 'warning'],
      ['unknown_field', 'warning'],
    ],
  )
})

test('a thousand unknown fields are kept, and more are refused at the first that is too much', () => {
  const text = (count: number) => one(`${drives}\n${Array.from({ length: count }, (_, at) => `k${at}: 1`).join('\n')}`)
  const { unknownFields, warnings } = parseManifest(text(1000), 'm.yaml', { images })
  assert.deepEqual([unknownFields.length, warnings.length], [1000, 100])
  const problems = manifestProblems(text(1001), 'm.yaml', { images })
  assert.deepEqual(
    problems.map(({ code, where }) => [code, where]),
    [['too_many', position(text(1001), 'k1000')]],
  )
})

test('a field whose name is a text for itself is told short and kept', () => {
  const { unknownFields, warnings } = parseManifest(one(`${drives}\n${'k'.repeat(900)}: 1`), 'm.yaml', { images })
  assert.equal(unknownFields.length, 1)
  assert.equal(warnings.length, 1)
})

test('modes, owners and kernels without quotes are taken', () => {
  const files = ['644', '0755', '0o600', '"0640"'].map((mode) => `{path: /f, content: x, mode: ${mode}, owner: 1000}`).join(', ')
  const { spec } = parseManifest(one(`${drives}\nkernel: 6.1\nstartupFiles: [${files}]`), 'm.yaml', { images })
  assert.deepEqual(
    resolveSpec(spec).machines[0]?.startupFiles.map(({ mode, owner }) => `${mode} ${owner}`),
    ['644 1000', '755 1000', '600 1000', '0640 1000'],
  )
  assert.equal(spec.machines[0]?.kernel, '6.1')
})

const bombs: Record<string, [string, string]> = {
  'a billion laughs': [
    `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`).join('\n')}`,
    'too_many_aliases',
  ],
  'many aliases of one long text': [
    `a: &a "${'x'.repeat(100_000)}"\nb: [${Array(90).fill('*a').join(',')}]`,
    'manifest_too_large',
  ],
  'an alias inside itself': ['a: &a [*a]', 'too_many_aliases'],
  'deep brackets': ['['.repeat(1_000_000), 'nested_too_deep'],
  'deep maps': [Array.from({ length: 1500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'nested_too_deep'],
  'deep lists on a line': ['- '.repeat(20_000), 'nested_too_deep'],
  'a long text': [`a: "${'x'.repeat(5_000_000)}"`, 'manifest_too_large'],
  'a million quotes': ['"'.repeat(1_000_000), 'manifest_too_large'],
  'a million lines': ['- a\n'.repeat(1_000_000), 'manifest_too_large'],
  'many keys': [Array.from({ length: 60_000 }, (_, i) => `k${i}: 1`).join('\n'), 'manifest_too_large'],
}
for (const [says, [text, code]] of Object.entries(bombs)) {
  test(`${says} is refused in little time`, () => {
    const start = performance.now()
    const problems = manifestProblems(text, 'm.yaml')
    assert.equal(problems[0]?.code, code, JSON.stringify(problems).slice(0, 500))
    assert.match(problems[0]?.where ?? '', /^m\.yaml:\d+:\d+$/)
    assert.ok(problems[0]?.hint)
    assert.ok(performance.now() - start < 5_000, `${performance.now() - start} ms`)
  })
}

test('a text with too many parts is cut off at its line', () => {
  const where = manifestProblems('- a\n'.repeat(1_000_000), 'm.yaml')[0]?.where ?? ''
  assert.ok(Number(where.split(':')[1]) > 1000, where)
})

test('long files inside are taken, brackets and all', () => {
  const content = '        [[[[{{{{ "\n'.repeat(40_000)
  const { spec } = parseManifest(one(`${drives}\nstartupFiles:\n  - path: /a\n    content: |\n${content}`), 'm.yaml', { images })
  assert.equal(spec.machines[0]?.startupFiles[0]?.content?.length, 40_000 * '[[[[{{{{ "\n'.length)
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

test('what is left out comes from the base', () => {
  const { spec } = parseManifest(`base: debian\n${inner('  machines: [{name: debian, resources: {cpuCount: 2}}]')}`, 'm.yaml', {
    images,
    bases,
    complete: true,
  })
  assert.deepEqual(spec.machines[0]?.drives[0]?.source, 'debian-stable')
  assert.equal(spec.machines[0]?.resources?.cpuCount, 2)
})

test('whatever text comes, it is parsed or refused as InvalidInput', () => {
  const lines = fc.constantFrom(
    ...golden.flatMap(({ text }) => text.split('\n')),
    '- ',
    '&a *a',
    '? [',
    '{',
    '|',
    '>-',
    '"',
    '%YAML',
    '...',
    '\t',
  )
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(lines, { maxLength: 12 }).map((parts) => parts.join('\n')),
  )
  fc.assert(
    fc.property(texts, (text) => {
      for (const problem of manifestProblems(text, 'm.yaml', { images, bases })) {
        assert.match(problem.where ?? '', /^m\.yaml:\d+:\d+$/)
      }
    }),
    { numRuns: 500 },
  )
})

import assert from 'node:assert/strict'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { finish } from './harness/processes.ts'
import { fakeServerArguments, TestServer } from './harness/server.ts'

const machine = (name: string, more = '') =>
  `    - {name: ${name}, users: [{name: root}], drives: [{source: debian-stable, mount: /}]${more}}`
const manifest = (...lines: string[]) => ['kind: playground', 'title: A playground', 'playground:', ...lines, ''].join('\n')
const access = '  accessControl: {canList: [owner], canRead: [owner], canStart: [owner]}'
const good = manifest('  machines:', machine('one'), access)

/** Name, text, code, position in the file. */
const bad: [string, string, string, RegExp][] = [
  ['a field of another kind', manifest('  machines:', machine('one', ', resources: red')), 'invalid_value', /:5:\d+$/],
  [
    'six machines',
    manifest('  machines:', ...['a', 'b', 'c', 'd', 'e', 'f'].map((name) => machine(name))),
    'too_many',
    /:\d+:\d+$/,
  ],
  ['the same name twice', manifest('  machines:', machine('one'), machine('one')), 'duplicate_name', /:6:\d+$/],
  [
    'overlapping subnets',
    manifest(
      '  networks:',
      '    - {name: x, subnet: 10.1.0.0/16}',
      '    - {name: y, subnet: 10.1.2.0/24}',
      '  machines:',
      machine('one'),
    ),
    'overlapping_subnets',
    /:6:\d+$/,
  ],
  [
    'an address outside its subnet',
    manifest(
      '  networks:',
      '    - {name: x, subnet: 10.1.0.0/24}',
      '  machines:',
      machine('one', ', network: {interfaces: [{network: x, address: 10.2.0.5}]}'),
    ),
    'address_outside_subnet',
    /:7:\d+$/,
  ],
  [
    'a drive of 100 TB',
    manifest('  machines:', machine('one').replace('mount: /', 'mount: /, size: 100TB')),
    'drive_too_big',
    /:5:\d+$/,
  ],
  [
    'a field that is not acted on yet',
    manifest('  machines:', machine('one').replace('mount: /}', 'mount: /, snapshot: {id: x}}')),
    'not_supported_yet',
    /:5:\d+$/,
  ],
  ['a title with ESC', good.replace('A playground', '"A \\e[2Jplayground"'), 'invalid_value', /:2:\d+$/],
  [
    'a mount point of two lines',
    manifest('  machines:', machine('one').replace('mount: /}', 'mount: /}, {mount: "/a\\nb", size: 1GiB}')),
    'invalid_value',
    /:5:\d+$/,
  ],
  [
    'a tab that leads to another host',
    manifest('  machines:', machine('one'), '  tabs: [{kind: web-page, name: Docs, url: //evil.example}]'),
    'invalid_value',
    /:6:\d+$/,
  ],
  [
    'a cover that is a program',
    good.replace('playground:\n', 'cover: "javascript:alert(1)"\nplayground:\n'),
    'invalid_value',
    /:3:\d+$/,
  ],
  [
    'a YAML bomb',
    `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n`,
    'too_many_aliases',
    /:\d+:\d+$/,
  ],
]

describe('bad input is refused with a code, a place and what to do', () => {
  const server = new TestServer({ fake: true })
  const folder = testFolder('bad')

  before(() => server.start())
  after(async () => {
    await server.dispose()
    await rm(folder, { recursive: true, force: true })
  })

  for (const [title, text, code, where] of bad) {
    test(`${title}, by \`manifest check\`, \`create\` and the API`, async () => {
      const file = join(folder, 'manifest.yaml')
      await writeFile(file, text)
      const client = await server.client()
      const before = (await client.playgrounds.list('my-custom')).length

      const checked = await server.ramet(['manifest', 'check', file])
      assert.equal(checked.code, 1, checked.stdout)
      assert.match(checked.stdout + checked.stderr, new RegExp(`manifest\\.yaml:\\d+:\\d+:.*\\(${code}\\)`))
      const [problem] = (await client.checkManifest(text, 'manifest.yaml')).filter((candidate) => candidate.code === code)
      assert.ok(problem, 'the API finds it too')
      assert.match(problem.where ?? '', where)

      const created = await server.ramet(['playground', 'create', 'mine', '-b', 'flexbox', '-f', file])
      assert.equal(created.code, 1)
      assert.match(created.stderr, new RegExp(code))
      assert.doesNotMatch(created.stderr, /\n\s+at /, 'no stack trace')
      assert.equal((await client.playgrounds.list('my-custom')).length, before, 'nothing was left behind')
    })
  }

  test('a good manifest passes, becomes a playground, is printed back and can be removed', async () => {
    const file = join(folder, 'good.yaml')
    await writeFile(file, good)
    assert.equal((await server.ramet(['manifest', 'check', file])).code, 0)
    const name = (await server.ok('playground', 'create', 'mine', '-b', 'flexbox', '-f', file, '-q')).trim()
    assert.match(name, /^mine-[0-9a-f]{8}$/)
    const printed = await server.ok('playground', 'manifest', name)
    await writeFile(join(folder, 'printed.yaml'), printed)
    assert.equal((await server.ramet(['manifest', 'check', join(folder, 'printed.yaml')])).code, 0, printed)
    assert.equal((await server.ramet(['playground', 'remove', name])).code, 1, 'removing asks, and there is nobody to answer')
    await server.ok('playground', 'remove', name, '-f')
  })

  test('a manifest comes from standard input as well', async () => {
    const { code, stdout } = await server.ramet(['playground', 'create', 'piped', '-b', 'flexbox', '-f', '-', '-q'], {
      stdin: good,
    })
    assert.equal(code, 0)
    await server.ok('playground', 'remove', stdout.trim(), '-f')
  })

  test('names and ids that are none are not found, in a sentence', async () => {
    const unknown = await server.ramet(['playground', 'stop', 'ffffffffffffffffffffffff'])
    assert.equal(unknown.code, 1)
    assert.match(unknown.stderr, /not_found/)
    const started = await server.ramet(['playground', 'start', '../../etc'])
    assert.match(started.stderr, /not_found/)
  })

  test('an action that the state does not allow says what to do instead', async () => {
    const client = await server.client()
    const { id } = await client.plays.start({ playground: 'debian' })
    await server.ok('playground', 'stop', id)
    const refused = await server.ramet(['ssh', id, '--', 'true'])
    assert.equal(refused.code !== 0, true)
    assert.match(refused.stderr, /restart/)
    await server.ok('playground', 'destroy', id)
  })

  const serverWith = (home: string, ...flags: string[]) =>
    finish([process.execPath, ...fakeServerArguments, '--home', home, ...flags], { timeoutMs: 30_000 })

  test('a port that is taken', async () => {
    const home = join(folder, 'h1')
    const { code, stderr } = await serverWith(home, '--port', new URL(server.endpoint).port)
    assert.equal(code, 1)
    assert.match(stderr, /port_taken/)
  })

  test('a second server on the same home', async () => {
    const { code, stderr } = await serverWith(server.home, '--port', '0')
    assert.equal(code, 1)
    assert.match(stderr, /home_in_use/)
    assert.equal((await (await server.client()).health()).status, 'ok')
  })

  test('a home that a newer version wrote is left as it is', async () => {
    const home = join(folder, 'h2')
    await mkdir(home)
    const database = new DatabaseSync(join(home, 'ramet.sqlite'))
    database.exec(
      "create table kysely_migration (name text primary key, timestamp text); insert into kysely_migration values ('9999-later', '2099')",
    )
    database.close()
    const { code, stderr } = await serverWith(home, '--port', '0')
    assert.equal(code, 1)
    assert.match(stderr, /home_too_new/)
  })

  test('flags that make no sense', async () => {
    const { code, stderr } = await serverWith(join(folder, 'h3'), '--port', 'eighty')
    assert.equal(code, 1)
    assert.match(stderr, /invalid_input/)
    assert.deepEqual((await readdir(folder)).includes('h3'), false)
  })
})

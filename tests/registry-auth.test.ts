import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type HostileRegistry, hostileRegistry, tar, testImage } from '@ramet/engine/testing'
import { finish } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** A manifest's `registryAuth`: it opens the registry for pulls of that playground, and is told to nobody again. */
describe('the login of a playground at a registry', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  const secret = 'wort:7f3a-only-here'
  const basic = `Basic ${Buffer.from(`ann:${secret}`).toString('base64')}`
  const image = testImage([tar([{ name: 'bin/sh', content: 'x', mode: 0o755 }])])
  let registry: HostileRegistry
  let name = ''
  let run = ''
  let answers = ''
  const folder = join(server.home, 'secrets/registry-auth')

  before(async () => {
    registry = await hostileRegistry(image, ({ headers }, response) =>
      headers.authorization === basic ? false : !!response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end(),
    )
    await server.start()
  })
  after(async () => {
    await registry[Symbol.asyncDispose]()
    await server.dispose()
  })

  async function create(tag: string, auth: string | undefined) {
    return withManifest(tag, auth, ['playground', 'create', 'mine', '-b', 'flexbox'])
  }

  async function withManifest(tag: string, auth: string | undefined, command: readonly string[]) {
    const file = join(server.home, 'm.yaml')
    await writeFile(
      file,
      `kind: playground
title: A private root
playground:
  ${auth === undefined ? '' : `registryAuth: '${auth}'`}
  machines:
    - name: one
      drives: [{ source: 'oci://${registry.host}/x:${tag}', mount: /, size: 1GiB }]
  accessControl: { canList: [owner], canRead: [owner], canStart: [owner] }
`,
    )
    const made = await server.ramet([...command, '-f', file])
    await writeFile(file, '')
    return made
  }

  test('without it the registry is closed, and the refusal says what to give', async () => {
    const { code, stderr } = await create('one', undefined)
    assert.notEqual(code, 0)
    assert.match(stderr, /does not give the manifest of oci:.* to strangers.*registry_denied[\s\S]*registryAuth: user:password/)
    const wrong = await create('one', 'ann:wrong')
    assert.match(wrong.stderr, /to the account of the playground’s `registryAuth`/)
    assert.deepEqual(await readdir(folder).catch(() => []), [], 'a playground that was not made leaves no login')
  })

  test('with it the playground is made and starts', async () => {
    const made = await create('one', `ann:${secret}`)
    assert.equal(made.code, 0, made.stderr)
    assert.doesNotMatch(made.stderr, /warning/)
    name = made.stdout.trim()
    answers += made.stdout + made.stderr
    run = (await server.ok('playground', 'start', name, '-q')).trim()
    await server.reached(run, 'RUNNING')
  })

  test('nothing that is shown, stored or logged has it', async () => {
    const client = await server.client()
    const events = new AbortController()
    for await (const event of client.events({ signal: events.signal })) {
      answers += JSON.stringify(event)
      if (event.kind === 'play' || answers.length > 5_000_000) break
    }
    events.abort()
    await server.ok('playground', 'stop', run, '-q')
    const saved = await client.plays.save(run, { name: 'saved' })
    const clones = await client.plays.clone(run, {})
    const shown = [
      await client.playgrounds.get(name),
      await client.playgrounds.list('all'),
      await client.playgrounds.get('saved'),
      await client.plays.list(),
      await client.images.list(),
      await client.images.inspect(`oci://${registry.host}/x:one`),
      await client.fsck(),
      await client.doctor(),
      saved,
      clones,
    ]
    answers += JSON.stringify(shown) + server.output
    for (const which of [name, 'saved']) answers += await server.ok('playground', 'manifest', which)
    answers += (await server.ramet(['image', 'ls'])).stdout
    assert.doesNotMatch(answers, /7f3a|registryAuth/)
    await server.stop()
    const { stdout } = await finish(['grep', '-rlaF', '7f3a', server.home])
    const [file = '', ...others] = stdout.split('\n').filter(Boolean)
    assert.deepEqual([others, file.startsWith(`${folder}/`)], [[], true], stdout)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    await server.start()
  })

  test('it is used for this playground alone, after a restart of the server too', async () => {
    await server.ok('image', 'rm', `oci://${registry.host}/x:one`)
    const other = await create('one', undefined)
    assert.match(other.stderr, /to strangers/)
    const pulled = await server.ramet(['image', 'pull', `${registry.host}/x:one`])
    assert.match(pulled.stderr, /registry_denied/)
    const again = (await server.ok('playground', 'start', name, '-q')).trim()
    await server.reached(again, 'RUNNING')
  })

  test('an update without one keeps it, since no printed manifest has it; one with another replaces it', async () => {
    const kept = async () => readFile(join(folder, (await readdir(folder))[0] ?? ''), 'utf8')
    for (const [auth, found] of [
      [undefined, secret],
      ['bob:other:7f3a', 'other:7f3a'],
    ] as const) {
      const { code, stdout, stderr } = await withManifest('one', auth, ['playground', 'update', name])
      assert.equal(code, 0, stderr)
      assert.doesNotMatch(stdout + stderr, /7f3a/)
      assert.equal(JSON.parse(await kept()).password, found)
    }
    assert.equal((await readdir(folder)).length, 1)
  })

  test('it goes with the playground, and what a crash left of one goes at the next start', async () => {
    assert.equal((await readdir(folder)).length, 1)
    await server.ok('playground', 'remove', '-f', name)
    assert.deepEqual(await readdir(folder), [])
    await writeFile(join(folder, 'ffffffffffffffffffffffff.json'), '{}')
    await server.restart()
    assert.deepEqual(await readdir(folder), [])
    assert.ok(!(await readFile(join(server.home, 'm.yaml'), 'utf8')).includes('7f3a'))
  })
})

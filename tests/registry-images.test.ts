import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type HostileRegistry, hostileRegistry, tar, testImage } from '@ramet/engine/testing'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** The ways of an image from a registry through API, CLI and server, with pretend VMs. */
const content = (which: string) =>
  testImage([
    tar([
      { name: 'bin/sh', content: which, mode: 0o755 },
      { name: 'big', content: randomBytes(2_000_000) },
    ]),
  ])

describe('images from a registry', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  const image = content('first')
  let registry: HostileRegistry
  let isHeld = false
  let held = 0
  let playground = ''
  const reference = () => `oci://${registry.host}/x:latest`
  const blobs = () => readdir(join(server.home, 'cache/fake/oci-blobs')).catch((): string[] => [])

  before(async () => {
    registry = await hostileRegistry(image, ({ url }, response) => {
      if (!isHeld || !url?.includes('/blobs/') || url.includes(image.configDigest)) return false
      held++
      response.writeHead(200).write('x')
      return true
    })
    await server.start()
  })
  after(async () => {
    await registry[Symbol.asyncDispose]()
    await server.dispose()
  })

  const manifest = (source: string) => `kind: playground
title: From a registry
playground:
  machines:
    - name: one
      drives: [{ source: '${source}', mount: /, size: 1GiB }]
    - name: two
      drives: [{ source: '${source}', mount: /, size: 1GiB }]
  accessControl: { canList: [owner], canRead: [owner], canStart: [owner] }
`
  async function create(source: string) {
    const file = join(server.home, 'm.yaml')
    await writeFile(file, manifest(source))
    return server.ramet(['playground', 'create', 'mine', '-b', 'flexbox', '-f', file])
  }
  const found = async () => (await (await server.client()).images.list()).find(({ name }) => name === reference())

  test('creating a playground pins the digest and fetches no layer', async () => {
    const made = await create(`docker://${registry.host}/x`)
    assert.equal(made.code, 0, made.stderr)
    playground = made.stdout.trim()
    assert.match(made.stderr, new RegExp(`docker://${registry.host}/x is pinned to ${image.digest}`))
    assert.deepEqual(await blobs(), [])
    assert.deepEqual(
      { ...(await found()), description: '' },
      { name: reference(), kind: 'image', description: '', state: 'absent', bytes: 0, digest: image.digest, isUsed: true },
    )
  })

  test('a server killed while a layer comes goes on at its next start, and keeps nothing half', {
    skip: process.getuid?.() !== 0,
  }, async () => {
    isHeld = true
    const client = await server.client()
    const { id } = await client.plays.start({ playground })
    await until('a layer on its way', () => held > 0)
    await server.kill()
    isHeld = false
    await server.start()
    await until('the run', async () => (await (await server.client()).plays.get(id)).state === 'RUNNING', 60_000)
    assert.deepEqual(
      await blobs(),
      [...image.blobs.keys()].slice(1).map((digest) => digest.replace(':', '-')),
    )
    assert.equal((await found())?.state, 'ready')
    assert.equal(
      registry.asked.filter(({ what }) => what.includes(`/blobs/${[...image.blobs.keys()][1]}`)).length,
      held + 1,
      'two machines, one layer',
    )
  })

  test('a name of images.yaml is an image too, with the same digest and layers', async () => {
    await writeFile(join(server.home, 'images.yaml'), `our-root: ${reference()}\nbox: debian-stable\n`)
    await server.restart()
    const before = registry.asked.length
    const made = await create('our-root')
    assert.equal(made.code, 0, made.stderr)
    const client = await server.client()
    const { id } = await client.plays.start({ playground: made.stdout.trim() })
    await until('the run', async () => (await client.plays.get(id)).state === 'RUNNING', 60_000)
    assert.equal(registry.asked.length, before, 'what is here is not asked for again')
    const wrong = await create('our-roof')
    assert.match(wrong.stderr, /There is no image our-roof.*Did you mean our-root/s)
  })

  test('ls shows the digest, and rm forgets it with its layers', async () => {
    assert.match(await server.ok('image', 'ls'), new RegExp(`x:latest .*${image.digest.slice(0, 19)}`))
    await server.ok('image', 'rm', reference())
    assert.equal(await found(), undefined)
    assert.deepEqual(await blobs(), [])
  })

  test('a registry that is away is named, with the reference and what works without it', async () => {
    const { code, stderr } = await create('oci://127.0.0.1:1/away:2')
    assert.notEqual(code, 0)
    assert.match(
      stderr,
      /The registry 127\.0\.0\.1:1 cannot be reached for the manifest of oci:\/\/127\.0\.0\.1:1\/away:2: nothing listens there/,
    )
    assert.match(stderr, /ramet image ls/)
    const pulled = await server.ramet(['image', 'pull', '127.0.0.1:1/away:2'])
    assert.match(pulled.stderr, /cannot be reached/)
  })
})

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type HostileRegistry, hostileRegistry, tar, testImage } from '@ramet/engine/testing'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root' }

/** One image of five machines and of several runs at once, and a server that dies while the image is made. */
describe('an image on its way', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  const images = Object.fromEntries(
    ['five', 'killed'].map((tag) => [
      tag,
      testImage([
        tar([
          { name: 'bin/sh', content: tag, mode: 0o755 },
          { name: 'big', content: randomBytes(3_000_000) },
        ]),
        tar([{ name: 'etc/os-release', content: tag }]),
      ]),
    ]),
  )
  const programs = join(server.home, 'programs')
  const hold = join(server.home, 'hold')
  const held = join(server.home, 'held')
  let registry: HostileRegistry

  before(async () => {
    const [first] = Object.values(images)
    assert.ok(first)
    registry = await hostileRegistry(first, ({ url = '' }, response) => {
      const image = Object.entries(images).find(([tag, { digest }]) => url.endsWith(`/${tag}`) || url.endsWith(digest))?.[1]
      const blob = Object.values(images).flatMap(({ blobs }) => blobs.get(/\/blobs\/(.+)$/.exec(url)?.[1] ?? '') ?? [])[0]
      if (url.includes('/manifests/') && image)
        return !!response.writeHead(200, { 'content-type': image.manifestType }).end(image.manifest)
      return blob ? !!response.end(blob) : false
    })
    // A mke2fs that waits as long as somebody holds it.
    await mkdir(programs, { recursive: true })
    const script = `#!/bin/sh\nif [ -e ${hold} ]; then : > ${held}; while [ -e ${hold} ]; do sleep 0.05; done; fi\nPATH=/usr/sbin:/sbin:/usr/bin:/bin exec mke2fs "$@"\n`
    await writeFile(join(programs, 'mke2fs'), script)
    await chmod(join(programs, 'mke2fs'), 0o755)
    await server.start({ PATH: `${programs}:${process.env.PATH}` })
  })
  after(async () => {
    await rm(hold, { force: true })
    await registry[Symbol.asyncDispose]()
    await server.dispose()
  })

  async function create(tag: string): Promise<string> {
    const file = join(server.home, `${tag}.yaml`)
    const machine = (at: number) =>
      `    - { name: m${at}, drives: [{ source: 'oci://${registry.host}/x:${tag}', mount: /, size: 1GiB }] }\n`
    const machines = [1, 2, 3, 4, 5].map(machine).join('')
    const access = 'accessControl: { canList: [owner], canRead: [owner], canStart: [owner] }'
    await writeFile(
      file,
      `kind: playground\ntitle: Five of one image\nplayground:\n  machines:\n${machines}  networks: [{ name: local, subnet: 172.16.0.0/24 }]\n  ${access}\n`,
    )
    return (await server.ok('playground', 'create', tag, '-b', 'flexbox', '-f', file, '-q')).trim()
  }
  const cache = join(server.home, 'cache/fake')
  const kept = async (kind: string) => (await readdir(join(cache, kind)).catch((): string[] => [])).toSorted()
  const layersOf = (tag: string) => [...(images[tag]?.blobs.keys() ?? [])].slice(1)
  const askedFor = (digest: string) => registry.asked.filter(({ what }) => what.endsWith(`/blobs/${digest}`)).length

  test('five machines, and three runs of them at once: it is fetched and stored once', needsRoot, async () => {
    const name = await create('five')
    const client = await server.client()
    const runs = await Promise.all([1, 2, 3].map(() => client.plays.start({ playground: name })))
    for (const { id } of runs) await server.reached(id, 'RUNNING', 120_000)
    assert.deepEqual(layersOf('five').map(askedFor), [1, 1])
    assert.deepEqual(
      await kept('oci-blobs'),
      layersOf('five')
        .map((digest) => digest.replace(':', '-'))
        .toSorted(),
    )
    assert.equal((await kept('registry-image')).length, 1)
    await server.inOrder()
  })

  test(
    'a server killed while the filesystem is made makes it anew at its next start, and nothing half is kept',
    needsRoot,
    async () => {
      const name = await create('killed')
      await writeFile(hold, '')
      const { id } = await (await server.client()).plays.start({ playground: name })
      await until('mke2fs to be at work', async () => (await readdir(server.home)).includes('held'), 60_000)
      await server.kill()
      await rm(hold)
      await server.start()
      await server.reached(id, 'RUNNING', 120_000)
      assert.deepEqual(layersOf('killed').map(askedFor), [1, 1], 'the layers were there')
      const artefacts = await kept('registry-image')
      assert.deepEqual(
        artefacts.filter((each) => each.endsWith('.tmp')),
        [],
      )
      assert.equal(artefacts.length, 2)
      assert.deepEqual(
        (await kept('oci-blobs')).filter((each) => each.endsWith('.tmp')),
        [],
      )
      await server.inOrder()
    },
  )

  test('inspect tells what an image is, who uses it and when; ls what nothing uses', async () => {
    const reference = `oci://${registry.host}/x:killed`
    const told = await server.ok('image', 'inspect', reference)
    assert.match(told, new RegExp(`^Digest +${images.killed?.digest}$`, 'm'))
    for (const digest of layersOf('killed')) assert.match(told, new RegExp(`${digest} `))
    assert.match(told, /^Playgrounds +killed-[0-9a-f]{8}$/m)
    assert.match(told, /^Last used +/m)
    assert.match(told, /^Runs +[0-9a-f]{24} {2}/m)
    const image = JSON.parse(await server.ok('image', 'inspect', reference, '-o', 'json'))
    assert.equal(image.isUsed, true)
    assert.equal(image.runs.length, 1)
    const before = await server.ramet(['image', 'ls'])
    assert.doesNotMatch(before.stderr, /Nothing uses/)
    await server.ok('playground', 'destroy', image.runs[0].id, '-q')
    await server.ok('playground', 'remove', '-f', image.playgrounds[0])
    await until('the run to be gone', async () => (await (await server.client()).images.inspect(reference)).isUsed === false)
    const after = await server.ramet(['image', 'ls'])
    assert.match(after.stderr, /Nothing uses 1 of those from registries \(.*\): oci:.*x:killed\. .*ramet image rm/)
    assert.match(await server.ok('doctor'), /images: 1 from registries \(.*\) are used by nothing/)
  })
})

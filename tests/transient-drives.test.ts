import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { waitForPlay } from '@ramet/client/wait-for-play.ts'
import { killAfter } from './harness/faults.ts'
import { TestServer } from './harness/server.ts'
import { readStore } from './harness/throwaways.ts'
import { untilRunning } from './harness/until-running.ts'

const manifest = `kind: playground
name: scratch
title: A drive that keeps nothing
playground:
  machines:
    - name: one
      drives:
        - {source: debian-stable, mount: /, size: 4GiB}
        - {size: 1GiB, mount: /scratch, persistent: false}
        - {size: 1GiB, mount: /kept}
  accessControl: {canList: [owner], canRead: [owner], canStart: [owner]}
`

describe('a drive with `persistent: false`', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  let id = ''
  const within = { signal: AbortSignal.timeout(60_000) }
  /** Its writable files by drive. */
  const files = async () => {
    const names = await readdir(join(server.home, 'runs', id, 'drives')).catch((): string[] => [])
    return ['one-0-', 'one-1-', 'one-2-'].map((prefix) => names.find((name) => name.startsWith(prefix)))
  }
  const start = async (playground: string) => {
    const client = await server.client()
    id = (await client.plays.start({ playground })).id
    await untilRunning(client, id, within)
  }
  const restart = async () => {
    const client = await server.client()
    await client.plays.restart(id)
    await untilRunning(client, id, within)
  }

  before(async () => {
    await server.start()
    const file = join(server.home, 'scratch.yaml')
    await writeFile(file, manifest)
    const { code, stderr, stdout } = await server.ramet(['playground', 'create', '-f', file])
    assert.equal(code, 0, stderr)
    assert.doesNotMatch(stderr, /warning/)
    await start(stdout.trim())
  })
  after(() => server.dispose())

  test('begins anew when its run was switched off, and the others go on', async () => {
    const first = await files()
    assert.ok(first.every((name) => name !== undefined))
    const client = await server.client()
    assert.deepEqual(
      (await client.plays.get(id)).machines[0]?.drives.map(({ persistent }) => persistent),
      [undefined, false, undefined],
    )
    await server.ok('playground', 'stop', id, '--power-off', '-q')
    assert.deepEqual(await files(), [first[0], undefined, first[2]], 'it takes no space while the run is off')
    await server.inOrder()
    await restart()
    const second = await files()
    assert.deepEqual([second[0], second[2]], [first[0], first[2]])
    assert.ok(second[1] !== undefined && second[1] !== first[1])
    const rows = readStore<{ isWhole: number }>(
      server,
      `select grown_bytes = size_bytes as isWhole from drives where run_id = '${id}'`,
    )
    assert.deepEqual(
      rows.map(({ isWhole }) => isWhole),
      [1, 1, 1],
      'its boot had nothing to ask for',
    )
  })

  test('a server killed when it was dropped goes on, and nothing is left of it', async () => {
    const before = await files()
    const { plays } = await server.client()
    await killAfter(server, 'went-off/end-drives', () => plays.stop(id, { powerOff: true }), 60_000)
    await waitForPlay(await server.client(), id, ({ state }) => state === 'STOPPED', within)
    assert.deepEqual(await files(), [before[0], undefined, before[2]])
    await server.inOrder()
  })

  test('a playground that is saved from it has a fresh one', async () => {
    const saved = (await server.ok('playground', 'save', id, 'saved', '-q')).trim()
    const { stdout } = await server.ramet(['playground', 'manifest', saved])
    assert.equal(stdout.match(/persistent: false/g)?.length, 1)
    await restart()
    await server.ok('playground', 'stop', id, '-q')
    await server.ok('playground', 'destroy', id, '-q')
    await start(saved)
    assert.ok((await files()).every((name) => name !== undefined))
    await server.ok('playground', 'destroy', id, '-q')
    await server.inOrder()
  })
})

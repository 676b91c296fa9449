import assert from 'node:assert/strict'
import { readdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { vmProcesses } from './harness/leftovers.ts'
import { until } from './harness/processes.ts'
import { runsOf } from './harness/runs-of.ts'
import { TestServer } from './harness/server.ts'
import { changeStore, readStore, throwawaysOf } from './harness/throwaways.ts'

/** Starts of official playgrounds that resume a snapshot of a throwaway run, on the fake world. `warm-starts.system.test.ts` has real VMs. In order. */
describe('playgrounds that are kept warm', { concurrency: false }, () => {
  const server = new TestServer({ fake: true, warmStarts: true })
  let first = ''

  const { plays, reached, start, destroy, inGuest } = runsOf(server, () => 'debian')
  const bootOf = (id: string) => inGuest(id, 'cat /proc/sys/kernel/random/boot_id')
  const warmOnes = async () => (await (await server.client()).usage()).warmStarts
  /** Also that the throwaway run is gone: only the runs of before have processes. */
  const keptWarm = (since = '') =>
    until(
      'the playground to be kept warm',
      async () => {
        const [warm] = await warmOnes()
        return warm && warm.createdAt > since && throwaways().length === 0 && warm
      },
      60_000,
    )
  const sql = <T>(text: string): T[] => readStore(server, text)
  const throwaways = () => throwawaysOf(server)
  const meddle = async (text: string) => {
    await server.kill()
    changeStore(server, text)
    await server.start()
  }
  const snapshots = () => readdir(join(server.home, 'snapshots'))

  before(() => server.start())
  after(async () => {
    await server.restart({ RAMET_WARM_STARTS: 'off' })
    await until('no throwaway run to be left', () => throwaways().length === 0)
    await server.dispose()
  })

  test('after its first cold start a playground is kept warm, by a run that nobody sees', async () => {
    const seen = new Set<string>()
    const hidden = new Set<string>()
    const play = await start()
    first = play.id
    assert.deepEqual([play.startKind, play.startReason], ['cold', 'Its playground had not been kept warm so far.'])
    const warm = await until(
      'the playground to be kept warm',
      async () => {
        const client = await server.client()
        const runsOf = ({ nodes }: { nodes: readonly { kind: string; id: string }[] }) =>
          nodes.filter(({ kind }) => kind === 'run')
        for (const { id } of [...(await client.plays.list()), ...runsOf(await client.playgrounds.lineage('debian'))]) seen.add(id)
        for (const { id } of throwaways()) hidden.add(id)
        return (await warmOnes())[0]
      },
      60_000,
    )
    assert.equal(warm.playground, 'debian')
    assert.ok(warm.exclusiveBytes > 0)
    await keptWarm()
    assert.deepEqual([...seen], [first])
    assert.equal(hidden.size, 1)
    for (const id of hidden) {
      await assert.rejects((await plays()).get(id), { status: 404 })
      await assert.rejects((await plays()).lineage(id), { status: 404 })
    }
    assert.equal((await snapshots()).length, 1)
    assert.equal((await vmProcesses(server.home)).length, 1)
    await server.inOrder()
  })

  test('later starts resume it, each with an identity, keys and an epoch of its own', async () => {
    const [one, two] = [await start(), await start()]
    for (const play of [one, two]) {
      assert.equal(play.startKind, 'warm', play.startReason)
      assert.match(play.startReason ?? '', /^Its playground has been kept warm since /)
      assert.equal(await inGuest(play.id, 'cat /run/ramet/epoch'), play.epoch)
      assert.match(play.title, /^Run [0-9a-f]{24}$/)
    }
    assert.equal(await bootOf(one.id), await bootOf(two.id))
    for (const file of ['/run/ramet/epoch', '/etc/machine-id', '/proc/sys/kernel/random/uuid']) {
      const said = await Promise.all([one.id, two.id, first].map((id) => inGuest(id, `cat ${file}`)))
      assert.equal(new Set(said).size, 3, file)
    }
    await server.inOrder()
    await destroy(two.id)
    await (await plays()).stop(one.id)
    await reached(one.id, 'STOPPED')
    await (await plays()).restart(one.id)
    assert.equal((await reached(one.id, 'RUNNING')).startKind, 'resumed')
    const [clone] = await (await plays()).clone(one.id, { live: true })
    const cloned = await reached(clone?.id ?? '', 'RUNNING')
    assert.equal(cloned.startKind, 'resumed')
    assert.equal(await inGuest(cloned.id, 'cat /etc/machine-id'), await inGuest(one.id, 'cat /etc/machine-id'))
    await destroy(cloned.id)
    await destroy(one.id)
    await server.inOrder()
  })

  test('--cold boots, and the CLI says how it started', async () => {
    const warm = await server.ramet(['playground', 'start', 'debian'])
    assert.match(warm.stderr, /Started warm in \d+\.\d s\. Its playground has been kept warm since /)
    const cold = await server.ramet(['playground', 'start', 'debian', '--cold'])
    assert.match(cold.stderr, /Booted in \d+\.\d s\. A boot was asked for\./)
    for (const { stdout } of [warm, cold]) await destroy(stdout.trim())
  })

  test('where the memory is of no use the run boots from its image, not with another’s identity, and says why', async () => {
    const [snapshot = ''] = await snapshots()
    await truncate(join(server.home, 'snapshots', snapshot, '0.ram'), 1000)
    const play = await start()
    assert.equal(play.startKind, 'cold')
    assert.match(play.startReason ?? '', /^Its memory could not be resumed: the memory of debian is damaged/)
    const bottoms = sql<{ layer_id: string }>(`select layer_id from drives where run_id = '${play.id}'`)
    assert.deepEqual(bottoms, sql("select layer_id from images where name = 'debian-stable'"))
    assert.deepEqual(
      sql(`select is_borrowed, resume_from, maps_snapshot from runs where id = '${play.id}'`).map((row) => ({
        ...(row as object),
      })),
      [{ is_borrowed: 0, resume_from: null, maps_snapshot: null }],
    )
    await destroy(play.id)
  })

  /** What becomes another, and the words of the start that meets it before the playground is kept warm anew. */
  const changes: Record<string, [string, RegExp]> = {
    'the playground': ["update warm_starts set shape = 'x' || shape", /^Its playground was changed /],
    'the image': ["update warm_starts set shape = shape || 'x'", /^Its image is newer /],
    QEMU: [`update snapshots set stamp = replace(stamp, '"vmm":"', '"vmm":"other ')`, /QEMU is another one/],
    'the kernel': [
      `update snapshots set stamp = replace(stamp, '"kernelPack":"', '"kernelPack":"other ')`,
      /kernel is another one/,
    ],
  }
  for (const [what, [change, says]] of Object.entries(changes)) {
    test(`${what} became another: a start boots, says why, and the playground is kept warm anew`, async () => {
      const [{ createdAt } = { createdAt: '' }] = await warmOnes()
      await meddle(change)
      const play = await start()
      assert.equal(play.startKind, 'cold')
      assert.match(play.startReason ?? '', says)
      await keptWarm(createdAt)
      assert.equal((await snapshots()).length, 1)
      const again = await start()
      assert.equal(again.startKind, 'warm', again.startReason)
      await destroy(again.id)
      await destroy(play.id)
      await server.inOrder()
    })
  }

  test('a playground that is gone from the catalogue loses its warm start, and so do all when they are switched off', async () => {
    await destroy(first)
    await server.restart({ RAMET_WARM_STARTS: 'off' })
    assert.deepEqual(await warmOnes(), [])
    assert.deepEqual(await snapshots(), [])
    const play = await start()
    assert.deepEqual([play.startKind, play.startReason], ['cold', 'Warm starts are switched off.'])
    await destroy(play.id)
    await server.inOrder()
    await server.restart()
    await keptWarm()
  })

  test('a throwaway run makes room when a user’s start needs its memory', async () => {
    // Room for the machine of one run (512 MiB), and not for a second.
    await server.restart({ RAMET_MEMORY: '900MiB' })
    await meddle('delete from warm_starts')
    await server.restart({ RAMET_MEMORY: '900MiB' })
    await until('a throwaway run to begin', () => throwaways().length > 0, 60_000)
    const play = await start()
    await until('the throwaway run to be gone', () => throwaways().length === 0, 60_000)
    assert.equal((await vmProcesses(server.home)).length, 1)
    await destroy(play.id)
    await keptWarm()
    await server.inOrder()
  })
})

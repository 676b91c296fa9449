import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { inMachine } from './harness/in-machine.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'
import { createTwoMachines, machines, mounts } from './harness/two-machines.ts'

export interface CloneLifeSize {
  /** Written to each drive of each machine. */
  readonly writtenMiB: number
  /** Of 4 KiB each, at random places of what was written. */
  readonly rewrites: number
  readonly clones: number
  readonly started: number
  /** One more clone is started once a started one is ruined. */
  readonly startsAnotherAfterRuin: boolean
}

/**
 * A run of two machines with aged drives, its clones, and what becomes of each when the others change or break. On real VMs.
 * The source and most clones go on in the memory that was kept; the first clone, and the one after the ruin, boot from their drives.
 */
export function cloneLife({
  writtenMiB,
  rewrites,
  clones: count,
  started: startedCount,
  startsAnotherAfterRuin,
}: CloneLifeSize): void {
  describe(`${count} clones of two machines with ${writtenMiB} MiB and ${rewrites} random rewrites a drive`, {
    concurrency: false,
  }, () => {
    const server = new TestServer()
    let source = ''
    let original = ''
    let clones: string[] = []

    const hashes = async (id: string) =>
      (
        await Promise.all(
          machines.map((name) =>
            inMachine(
              server,
              id,
              name,
              // From the drives, not from what a resumed machine remembers of them.
              `sync; echo 3 > /proc/sys/vm/drop_caches; cat ${mounts.map((mount) => `${mount}/filling`).join(' ')} | sha256sum`,
            ),
          ),
        )
      ).join('\n')
    /** 4 KiB blocks of random bytes over what is there. */
    const rewrite = (id: string, times: number) =>
      Promise.all(
        machines.flatMap((name) =>
          mounts.map((mount) =>
            inMachine(
              server,
              id,
              name,
              `perl -e 'open R, "<", "/dev/urandom"; open F, "+<", "${mount}/filling" or die; for (1..${times}) { sysread R, $b, 4096; sysseek F, 4096 * int(rand(${writtenMiB * 256})), 0; syswrite F, $b }' && sync`,
            ),
          ),
        ),
      )
    const resume = (id: string) => server.ok('playground', 'restart', id, '-q')
    const boot = (id: string) => server.ok('playground', 'restart', id, '--cold', '-q')

    before(async () => {
      await server.start()
      const playground = await createTwoMachines(server)
      const { code, stdout, stderr } = await server.ramet(['playground', 'start', playground, '--title', 'Source', '-q'], {
        timeoutMs: 900_000,
      })
      assert.equal(code, 0, stderr + server.output.slice(-3000))
      source = stdout.trim()
      await Promise.all(
        machines.map((name) =>
          inMachine(
            server,
            source,
            name,
            mounts.map((mount) => `head -c ${writtenMiB}M /dev/urandom > ${mount}/filling`).join(' && '),
          ),
        ),
      )
      await rewrite(source, rewrites)
      original = await hashes(source)
      await server.ok('playground', 'stop', source, '-q')
    })
    after(() => server.dispose())

    test('they are made at once, and no file of theirs is on the disk', async (t) => {
      const api = await server.client()
      const before = (await api.usage()).totalBytes
      const began = performance.now()
      clones = (await api.plays.clone(source, { count })).map(({ id }) => id)
      t.diagnostic(`${count} clones in ${(performance.now() - began).toFixed(0)} ms`)
      assert.equal(clones.length, count)
      assert.deepEqual(await readdir(join(server.home, 'runs')), [source])
      assert.equal((await api.usage()).totalBytes, before)
    })

    test('the source goes on at once, and clones have the same content, names and addresses in worlds of their own', async () => {
      await Promise.all(
        [source, ...clones.slice(0, startedCount)].map(async (id) => {
          await (id === clones[0] ? boot(id) : resume(id))
          assert.equal(await hashes(id), original, id)
          assert.equal(
            await inMachine(server, id, 'app', 'ping -c1 -W5 db >/dev/null && getent hosts db | cut -d" " -f1'),
            '10.10.0.3',
          )
        }),
      )
      const identity = (id: string) => inMachine(server, id, 'db', 'cat /etc/machine-id')
      assert.equal(await identity(clones[0] ?? ''), await identity(source))
      const api = await server.client()
      const plays = await Promise.all([source, ...clones.slice(0, startedCount)].map((id) => api.plays.get(id)))
      assert.deepEqual(
        plays.map(({ startKind }) => startKind === 'resumed'),
        plays.map(({ id }) => id !== clones[0]),
        plays.map(({ startReason }) => startReason).join('\n'),
      )
      const hostAddresses = plays.flatMap((play) => play.machines.map(({ hostAddress }) => hostAddress))
      assert.equal(new Set(hostAddresses).size, hostAddresses.length, 'from the host each is reached by an address of its own')
    })

    test('what a clone changes, neither its siblings nor the source see', async () => {
      const [first = '', ...others] = clones.slice(0, startedCount)
      await rewrite(first, 200)
      const changed = await hashes(first)
      const seen = [original, changed]
      for (const id of others) {
        assert.equal(await hashes(id), original)
        await rewrite(id, 200)
        seen.push(await hashes(id))
      }
      assert.equal(new Set(seen).size, startedCount + 1, 'each has a content of its own')
      assert.equal(await hashes(source), original)
      assert.equal(await hashes(first), changed)
    })

    test('a clone whose drives are ruined ruins nobody else’s', async () => {
      const [ruined = '', ...others] = clones.slice(0, startedCount)
      const kept = await Promise.all(others.map(hashes))
      await inMachine(
        server,
        ruined,
        'db',
        'for d in vda vdb; do dd if=/dev/urandom of=/dev/$d bs=1M count=64 conv=fsync oflag=direct status=none; done',
      )
      await server.ok('playground', 'destroy', ruined, '-q')
      assert.equal(await hashes(source), original)
      assert.deepEqual(await Promise.all(others.map(hashes)), kept)
      if (!startsAnotherAfterRuin) return
      const fresh = clones[startedCount] ?? ''
      await boot(fresh)
      assert.equal(await hashes(fresh), original)
    })

    test('fsck finds nothing, and when all are destroyed only images are on the disk', async () => {
      await server.inOrder()
      for (const id of (await server.ok('playground', 'list', '-q')).trim().split('\n'))
        await server.ok('playground', 'destroy', id, '-q')
      const api = await server.client()
      await until('the disk to hold images alone', async () => {
        const { totalBytes, imageBytes, runs } = await api.usage()
        return runs.length === 0 && totalBytes === imageBytes
      })
      assert.deepEqual(await readdir(join(server.home, 'runs')), [])
      assert.equal((await readdir(join(server.home, 'layers'))).length, 1)
      assert.deepEqual(await readdir(join(server.home, 'snapshots')), [])
    })
  })
}

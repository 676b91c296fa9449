import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import type { Host, MachineEvent } from '../host/host.ts'
import type { MachineName } from '../host/host-machines.ts'
import type { HostConfig } from '../host/open-host.ts'
import type { WorkflowName } from '../host/perform.ts'
import { workflowSteps } from '../host/workflows.ts'
import { nextOverlays } from '../run/cut-live.ts'
import { MemoryRunStore } from './memory-run-store.ts'
import { oneMachinePlan } from './one-machine-plan.ts'

export interface HostConformanceTools {
  open(config: HostConfig): Promise<Host>
  readonly cache: string
  /** Has something listen in the machine that sends back what comes; on its loopback alone, or everywhere. Gives its port. */
  echo(host: Host, machine: MachineName, where: 'loopback' | 'everywhere'): Promise<number>
  /** As `echo`, of datagrams. */
  echoDatagrams(host: Host, machine: MachineName): Promise<number>
}

const gib = 1024 ** 3
const plan = oneMachinePlan([
  { network: 'local', mac: '52:52:00:00:00:00', address: '172.16.0.2', prefixLength: 24, gateway: '172.16.0.1' },
])

/** What every host must do with a run, without a server. Called once an implementation; one run is used from test to test. */
export function hostConformance(name: string, tools: HostConformanceTools): void {
  describe(`${name} as a host`, () => {
    const runId = randomBytes(12).toString('hex')
    const machine: MachineName = { runId, machine: 'one' }
    const steps: string[] = []
    const events: MachineEvent[] = []
    /** What the run was resumed from: a server removes it when no machine has it mapped any more. */
    let resumedFrom = ''
    let home = ''
    let host: Host
    let store: MemoryRunStore
    const config = (): HostConfig => ({ home, cache: tools.cache, installation: 'fff1', onAccelerator() {} })
    const perform = (workflow: WorkflowName, signal = AbortSignal.timeout(300_000)) =>
      host.perform(workflow, {
        runId,
        machines: ['one'],
        store,
        signal,
        onStep: () => {},
        onProgress: () => {},
        afterStep: (step) => void steps.push(step),
        warn: (message) => assert.fail(message),
      })
    const said = async (command: string) => (await host.machines.run(machine, command)).stdout.trim()

    before(async () => {
      home = await mkdtemp('/var/tmp/rt-')
      for (const folder of ['', 'layers', 'runs', 'snapshots', 'run'])
        await mkdir(join(home, folder), { recursive: true, mode: 0o711 })
      await chmod(home, 0o711)
      host = await tools.open(config())
      host.events((event) => events.push(event))
      await host.images.requireKernelPack()
      const image = await host.images.require('debian-stable')
      const layer = 'layers/image.qcow2'
      const sealed = await host.images.importLayer('debian-stable', image, layer)
      assert.ok(sealed.bytes > 0)
      store = new MemoryRunStore(host.storage, {
        id: runId,
        shortId: 1,
        plan,
        drives: [
          {
            machine: 'one',
            index: 0,
            layers: [{ file: layer, sizeBytes: image.sizeBytes }],
            overlay: undefined,
            setUp: 'due',
            grownBytes: 0,
            sizeBytes: 20 * gib,
          },
        ],
      })
    })

    after(async () => {
      await perform('destroy').catch(() => {})
      await host.close()
      await rm(home, { recursive: true, force: true })
    })

    test('a run starts by the steps that are listed, and a command runs in its machine', async () => {
      await perform('start')
      // Some are taken side by side.
      assert.deepEqual(steps.toSorted(), workflowSteps.start.toSorted())
      assert.deepEqual(host.on(runId), [{ machine: 'one', isReady: true }])
      const process = await host.machines.exec(machine, 'echo out; exit 3', {})
      process.stdin.end()
      const [out, { code }] = await Promise.all([text(process.stdout), process.exit])
      assert.deepEqual([out, code], ['out\n', 3])
      assert.equal(await host.machines.answers(machine, 20_000), true)
      assert.deepEqual(
        events.filter(({ kind }) => kind === 'link'),
        [{ kind: 'link', runId, machine: 'one', isReady: true }],
      )
    })

    test('taking a workflow again does nothing', async () => {
      assert.deepEqual(await perform('start'), {})
    })

    test('a port of the machine is dialled, also one on its loopback alone; one that nothing listens on is closed', async () => {
      for (const where of ['everywhere', 'loopback'] as const) {
        const port = await tools.echo(host, machine, where)
        assert.equal(await echoed(await host.machines.dial(machine, port), 'hello'), 'hello', where)
      }
      await assert.rejects(host.machines.dial(machine, 4), { code: 'port_closed' })
      await assert.rejects(host.machines.dial(machine, 70_000), { code: 'port_closed' })
      await assert.rejects(host.machines.dial({ runId, machine: 'two' }, 7), { code: 'machine_unreachable' })
    })

    test('datagrams go to a port of the machine and come back, each by itself; where nobody listens they are lost', async () => {
      const flow = await host.machines.datagrams(machine, await tools.echoDatagrams(host, machine))
      const other = await host.machines.datagrams(machine, 4)
      const sent = [Buffer.from('one'), Buffer.alloc(1400, 'x'), Buffer.alloc(0), Buffer.from('four')]
      for (const datagram of sent) {
        other.write(datagram)
        flow.write(datagram)
        const [back] = (await once(flow, 'data', { signal: AbortSignal.timeout(10_000) })) as [Buffer]
        assert.deepEqual(back, datagram)
      }
      assert.equal(other.readableLength, 0)
      for (const each of [flow, other]) each.destroy()
      await assert.rejects(host.machines.datagrams({ runId, machine: 'two' }, 7), { code: 'machine_unreachable' })
    })

    test('another host on the same home finds the machine, and how it is', async () => {
      host.forget(runId)
      assert.deepEqual(host.on(runId), [])
      await assert.rejects(host.machines.exec(machine, 'true', {}), { code: 'machine_unreachable' })
      await host.close()
      host = await tools.open(config())
      host.events((event) => events.push(event))
      assert.deepEqual(await host.observe(runId, store), [{ machine: 'one', end: undefined }])
      assert.equal(await said('echo $((6 * 7))'), '42')
    })

    test('memory and drives are cut while the machine goes on, and what a cut that was broken off left is settled', async () => {
      const cut = async (snapshotId: string, breakAfter?: string) => {
        const overlays = nextOverlays(store.record, ['one'])
        const afterStep = (step: string) => {
          if (step === breakAfter) throw new Error('broken off')
        }
        const request = { runId, snapshotId, overlays, store, signal: AbortSignal.timeout(60_000), afterStep }
        return { overlays, result: host.cut(request) }
      }
      const early = await cut('cut1', 'live-clone/cut-copy-memory')
      await assert.rejects(early.result, /broken off/)
      assert.deepEqual(await host.settleCut(runId, early.overlays), { taken: [], notTaken: early.overlays })
      const late = await cut('cut2', 'live-clone/cut-cut-drives')
      await assert.rejects(late.result, /broken off/)
      assert.deepEqual(await host.settleCut(runId, late.overlays), { taken: late.overlays, notTaken: [] })
      for (const each of late.overlays) await store.seal(each.machine, each.driveIndex, each.overlay, each.nextOverlay)
      const whole = await cut('cut3')
      const { snapshot, figures } = await whole.result
      for (const each of whole.overlays) await store.seal(each.machine, each.driveIndex, each.overlay, each.nextOverlay)
      // Others may stand on what was sealed, also after the cut that was broken off.
      await host.storage.requireUnwritten(store.record.drives.flatMap(({ layers }) => layers.map(({ file }) => file)))
      assert.equal(snapshot.machines[0]?.memory.ramFile, 'snapshots/cut3/0.ram')
      assert.ok(figures.pauseMs < 10_000)
      assert.deepEqual(
        (await host.storage.look([])).get('snapshots/cut3/0.ram')?.sizeBytes,
        512 * 1024 ** 2,
        'as long as its RAM, and only this one is left',
      )
      assert.equal((await host.storage.look([])).has('snapshots/cut1'), false)
      await host.storage.removeSnapshots(['cut3'])
      assert.equal(await said('echo still here'), 'still here')
    })

    test('memory is kept at a stop and goes on at the next start', async () => {
      const boot = await said('cat /proc/sys/kernel/random/boot_id')
      await perform('keep-memory')
      assert.ok(store.record.resume)
      resumedFrom = store.record.resume.id
      assert.deepEqual(host.on(runId), [])
      assert.deepEqual(await host.fingerprint(plan), store.record.resume.stamp)
      await assert.rejects(host.machines.dial(machine, 80), { code: 'machine_unreachable' })
      await perform('resume')
      store.noteAwake()
      assert.equal(store.record.resume, undefined)
      assert.equal(await said('cat /proc/sys/kernel/random/boot_id'), boot)
    })

    test('a workflow ends between two steps when it is told to', async () => {
      const reason = new Error('something else is wanted')
      await assert.rejects(perform('stop', AbortSignal.abort(reason)), reason)
      assert.equal(host.on(runId).length, 1)
    })

    test('a destroyed run leaves nothing, and what no row accounts for is reclaimed', async () => {
      await perform('release')
      assert.deepEqual(await host.observe(runId, store), [{ machine: 'one', end: 'killed' }])
      const known = { id: runId, shortId: 1, overlays: [], isOn: false }
      const { drives } = store.record
      const layers = drives.flatMap((drive) => drive.layers.map(({ file }) => ({ file, isSealed: true })))
      const overlays = drives.flatMap(({ overlay }) => overlay ?? [])
      assert.deepEqual(await host.reclaim({ runs: [{ ...known, overlays }], layers, snapshots: [] }), [
        { what: 'snapshot file', name: `snapshots/${resumedFrom}` },
      ])
      await perform('destroy')
      const gone = await host.reclaim({ runs: [], layers: [], snapshots: [] })
      assert.deepEqual(new Set(gone.map(({ what }) => what)), new Set(['layer file']))
      assert.deepEqual(await host.reclaim({ runs: [], layers: [], snapshots: [] }), [])
    })
  })
}

async function echoed(stream: Duplex, words: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let heard = ''
  stream.on('error', reject)
  stream.on('close', () => reject(new Error(`closed after ${JSON.stringify(heard)}`)))
  stream.on('data', (bytes: Buffer) => {
    heard += bytes.toString()
    if (heard.length >= words.length) resolve(heard)
  })
  stream.write(words)
  const timer = setTimeout(() => reject(new Error('no echo')), 20_000)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    stream.destroy()
  }
}

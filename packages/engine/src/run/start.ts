import { chmod, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { machineUnreachable } from '@ramet/model/errors/errors.ts'
import type { LayerFile } from '../disk/disk.ts'
import { type Formattable, isFormattable } from '../disk/formatted-disk.ts'
import type { TableKind } from '../disk/partition-table.ts'
import type { Vm, VmEnd } from '../vmm/vmm.ts'
import { attendFirstBoot } from './attend-first-boot.ts'
import { untilBooted } from './await-boot.ts'
import { noteKernelPack } from './booted-kernel.ts'
import type { HostParts } from './host-parts.ts'
import { writeInitrd } from './initrd.ts'
import type { LiveMachine, LiveRun } from './live-run.ts'
import { mustHaveLayers } from './must-have-layers.ts'
import { addressOf, networkPlan, type RunContext, runLimits, runNames, specOf, targets } from './run-context.ts'
import { initrdFile, machineFolder, newOverlayName, overlaysFolder, runFolder } from './run-folder.ts'
import type { DriveRecord, RunRecord } from './run-record.ts'
import type { RunStore } from './run-store.ts'
import type { Step, Workflow } from './steps.ts'

export const makeFolders: Step<RunContext> = {
  name: 'make-folders',
  message: 'Making the run’s folders',
  // The folder of the overlays is made last.
  async done({ host, store }) {
    return stat(overlaysFolder(host.home, (await store.read()).id)).then(
      () => true,
      () => false,
    )
  },
  async do({ host, store }) {
    const run = await store.read()
    await mkdir(runFolder(host.home, run.id), { recursive: true })
    // Nobody but root has a name for anything in it: what a VM works with is shown to it.
    await chmod(runFolder(host.home, run.id), 0o700)
    for (const index of run.plan.machines.keys()) await host.disks.makeVmFolder(machineFolder(host.home, run.id, index))
    await host.disks.makeVmFolder(overlaysFolder(host.home, run.id))
  },
}

/** Claims the run's lease again at each start: another run may have it meanwhile, or it is gone with the host's /run. */
export const leaseAddresses: Step<RunContext> = {
  name: 'lease-addresses',
  message: 'Leasing addresses',
  async done({ host, store }) {
    const run = await store.read()
    return run.lease !== undefined && (await host.networks.leases(host.installation)).includes(run.id)
  },
  async do({ host, store }) {
    const run = await store.read()
    await store.saveLease(await host.networks.lease(host.installation, run.id, run.lease))
  },
}

export const makeNetwork: Step<RunContext> = {
  name: 'make-network',
  message: 'Making the networks',
  async done({ host, store }) {
    return host.networks.ready(networkPlan(host, await store.read()))
  },
  async do({ host, store }) {
    await host.networks.make(networkPlan(host, await store.read()))
  },
}

/** Makes the control groups before the run has any process. */
export const makeCgroups: Step<RunContext> = {
  name: 'make-cgroups',
  message: 'Limiting what the run may take of the host',
  async done({ host, store }) {
    return host.cgroups.ready(runLimits(host, await store.read()))
  },
  async do({ host, store }) {
    await host.cgroups.make(runLimits(host, await store.read()))
  },
}

/** Starts the run's resolvers. Repeated while the run is on: it starts dead resolvers again, and all of them when the host's nameservers changed. */
export const serveNames: Step<RunContext> = {
  name: 'serve-names',
  message: 'Starting the resolver of the run’s names',
  async done({ host, store }) {
    return host.resolvers.ready(await runNames(host, await store.read()))
  },
  async do({ host, store }) {
    await host.resolvers.start(await runNames(host, await store.read()))
  },
}

export const makeOverlays: Step<RunContext> = {
  name: 'make-overlays',
  message: 'Making the drives’ writable layers',
  async done({ store }) {
    const run = await store.read()
    return run.drives.every((drive) => drive.overlay !== undefined || isReadOnly(run, drive))
  },
  async do({ host, store }) {
    const run = await store.read()
    await mustHaveLayers(host, run)
    await Promise.all(
      run.drives.map(async (drive) => {
        if (drive.overlay !== undefined || isReadOnly(run, drive)) return
        // After a crash before the name is saved the file is unused, and it is reclaimed when the server starts.
        const overlay = newOverlayName(drive.machine, drive.index)
        const file = join(overlaysFolder(host.home, run.id), overlay)
        const table = beginsPartitioned(run, drive)
        const filesystem = beginsFormatted(run, drive)
        const on = below(host.home, drive)
        if (table && on) await host.disks.makePartitioned(file, on, drive.sizeBytes, table)
        else if (filesystem) await host.disks.makeFormatted(file, drive.sizeBytes, filesystem)
        else await host.disks.makeOverlay(file, on, drive.sizeBytes)
        await store.saveOverlay(drive.machine, drive.index, overlay)
      }),
    )
  },
}

/** Returns the layer below the overlay of a drive. */
const below = (home: string, { layers: [layer] }: DriveRecord): LayerFile | undefined =>
  layer && { file: join(home, layer.file), format: 'qcow2', sizeBytes: layer.sizeBytes }

const planned = (run: RunRecord, drive: DriveRecord) =>
  run.plan.machines.find((machine) => machine.name === drive.machine)?.drives[drive.index]

const isReadOnly = (run: RunRecord, drive: DriveRecord) => planned(run, drive)?.readOnly === true

/**
 * The filesystem of the first file of a drive that begins empty. Every later file of its lineage stands on a layer, so none is formatted twice, and nothing is decided by
 * what a drive contains. A guest that resumes knows its drives as they were.
 */
function beginsFormatted(run: RunRecord, drive: DriveRecord): Formattable | undefined {
  if (drive.layers.length > 0 || run.resume !== undefined || run.waking !== undefined) return undefined
  const filesystem = planned(run, drive)?.filesystem
  return isFormattable(filesystem) ? filesystem : undefined
}

/**
 * Kind of table that the first file of a root drive begins with, on the image's own layer: from then on the table is the machine's. (The partition of the image is as big as the image.)
 */
const beginsPartitioned = (run: RunRecord, drive: DriveRecord): TableKind | undefined =>
  drive.layers.length === 1 && drive.setUp === 'due' && drive.grownBytes === 0 ? planned(run, drive)?.partitioned : undefined

/** Starts the VMs. It writes their initramfs each time: hosts and keys are refreshed at boot, and the kernel pack may be newer. */
export const startMachines: Step<RunContext> = {
  name: 'start-machines',
  message: 'Starting the machines',
  async done(context) {
    await adopt(context)
    return targets(context).length === context.machines.size
  },
  async do({ host, store, live, machines, signal }) {
    const run = await store.read()
    await mustHaveLayers(host, run)
    const pack = await host.kernelPack()
    const network = networkPlan(host, run)
    await Promise.all(
      run.plan.machines.map(async (machine, index) => {
        if (live.get(machine.name) || !machines.has(machine.name)) return
        await writeInitrd(initrdFile(host.home, run.id, index), pack, run.plan, network, index, run.drives)
        await noteKernelPack(host.home, run.id, index, pack)
        const give = await host.boots.take(signal)
        try {
          signal.throwIfAborted()
          const started = live.add(machine.name, await host.vmmFor(machine.name).start(specOf(host, run, machine.name, pack)), {
            address: addressOf(host, run, machine.name),
          })
          attendFirstBoot(started.vm, store, machine.name)
          void hasBooted(started).then(give)
        } catch (error) {
          give()
          throw error
        }
      }),
    )
  },
}

/** A guest that takes longer than this waits for something other than a core. */
const bootsWithinMs = 30_000

/** Resolves when the machine no longer needs a core to boot: it answers, has ended, or hangs. */
async function hasBooted({ vm, link, boot }: LiveMachine): Promise<void> {
  const tooLong = AbortSignal.timeout(bootsWithinMs)
  await Promise.race([link.ready(tooLong), boot.failed(tooLong), vm.ended]).catch(() => {})
}

export type MachineEnd = VmEnd | 'never-started'

/** Finds machines of the run that are on but not yet connected to this server. Returns how the others ended. */
export async function adopt({
  host,
  store,
  live,
}: Pick<RunContext, 'host' | 'store' | 'live'>): Promise<Map<string, MachineEnd>> {
  const run = await store.read()
  const off = new Map<string, MachineEnd>()
  await Promise.all(
    run.plan.machines.map(async ({ name }, index) => {
      if (live.get(name)) return
      const found = await host
        .vmmFor(name)
        .find({ runId: run.id, machine: name, folder: machineFolder(host.home, run.id, index) })
      if (found === undefined) off.set(name, 'never-started')
      else if ('end' in found) off.set(name, found.end)
      else await takeOver(host, store, live, run, name, found)
    }),
  )
  return off
}

/**
 * Handles a VM that a former server left paused. In a run that is about to resume or is resuming, the guest is asleep, and the workflow continues with it (or ends it).
 * Any other VM was paused for an interrupted cut, and goes on.
 */
async function takeOver(host: HostParts, store: RunStore, live: LiveRun, run: RunRecord, name: string, vm: Vm): Promise<void> {
  const isAsleep = run.resume !== undefined || run.waking !== undefined
  if (!isAsleep && !(await vm.isRunning())) await vm.goOn()
  const { link } = live.add(name, vm, { isAsleep, address: addressOf(host, run, name) })
  if (!isAsleep) attendFirstBoot(vm, store, name, link)
}

export const awaitGuests: Step<RunContext> = {
  name: 'await-guests',
  message: 'Waiting for the machines to answer',
  async done(context) {
    const on = targets(context)
    return on.length === context.machines.size && on.every((machine) => machine.link.isReady)
  },
  async do(context) {
    const { signal, warn } = context
    for (const name of context.machines) {
      if (!context.live.get(name)) throw machineUnreachable(name, 'it went off before it answered.')
    }
    await Promise.all(
      targets(context).map(async (machine) => {
        const failure = await untilBooted(machine, signal)
        if (failure) warn(`${machine.name} cannot boot, and stays on to be mended: ${failure.reason}.`)
      }),
    )
  },
}

export const startWorkflow: Workflow<RunContext> = {
  name: 'start',
  steps: [makeFolders, leaseAddresses, [makeNetwork, makeCgroups, makeOverlays], [serveNames, startMachines], awaitGuests],
}

/** Repairs what a run needs while it is on, its control groups included: a run that was made in the background may now belong to somebody. */
export const keepWorkflow: Workflow<RunContext> = { name: 'keep', steps: [makeCgroups, serveNames] }

/** Starts one machine of a run whose networks exist. */
export const machineStartWorkflow: Workflow<RunContext> = {
  name: 'machine-start',
  steps: [makeOverlays, startMachines, awaitGuests],
}

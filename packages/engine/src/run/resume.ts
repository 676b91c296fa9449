import { randomUUID } from 'node:crypto'
import { basename, join } from 'node:path'
import { whyUnusable } from '../snapshot/check.ts'
import { memoryIn, type SnapshotRecord } from '../snapshot/snapshot-record.ts'
import { shapeOf } from '../snapshot/stamp.ts'
import { noteKernelPack } from './booted-kernel.ts'
import { writeInitrd } from './initrd.ts'
import { mustHaveLayers } from './must-have-layers.ts'
import { NotResumed, orBoot } from './not-resumed.ts'
import { addressOf, networkPlan, type RunContext, specOf, targets } from './run-context.ts'
import { initrdFile, overlaysFolder } from './run-folder.ts'
import type { RunRecord } from './run-record.ts'
import { adopt, awaitGuests, leaseAddresses, makeCgroups, makeFolders, makeNetwork, makeOverlays, serveNames } from './start.ts'
import type { Step, Workflow } from './steps.ts'
import { endMachines } from './stop.ts'
import { unpackMemory } from './unpack-memory.ts'

/** Checks the snapshot before anything is made for the resume. */
const checkSnapshot: Step<RunContext> = {
  name: 'check-snapshot',
  message: 'Looking at the kept memory',
  async done(context) {
    await adopt(context)
    return (await context.store.read()).resume === undefined || targets(context).length > 0
  },
  async do({ host, store }) {
    const run = await store.read()
    if (run.resume === undefined) return
    await mustHaveLayers(host, run)
    const here = { ...(await host.stamp()), kernelPack: basename((await host.kernelPack()).folder), shape: shapeOf(run.plan) }
    const why = (await whyUnusable(host.home, run.resume, here)) ?? whyElsewhere(run, run.resume)
    if (why) throw new NotResumed(`Its memory could not be resumed: ${why}.`)
    for (const { overlay } of run.drives) {
      if (overlay !== undefined && !(await host.layers.isUntouched(join(overlaysFolder(host.home, run.id), overlay))))
        throw new NotResumed('Its memory could not be resumed: its drives were written to since.')
    }
  },
}

/** Requires that the drives are exactly those that the memory was taken with. */
function whyElsewhere({ drives }: RunRecord, { drives: known }: SnapshotRecord): string | undefined {
  const is = new Map(drives.map(({ machine, index, layers }) => [`${machine} ${index}`, layers[0]?.file]))
  const other = known.find(({ machine, index, layer }) => is.get(`${machine} ${index}`) !== layer)
  return other && `drive ${other.index} of ${other.machine} stands on another layer`
}

/** Loads all machines paused before any of them goes on. */
const loadMachines: Step<RunContext> = {
  name: 'load-machines',
  message: 'Loading the machines’ memory',
  async done(context) {
    await adopt(context)
    const { resume } = await context.store.read()
    return resume === undefined || resume.machines.every(({ name }) => context.live.get(name) !== undefined)
  },
  async do({ host, store, live }) {
    const run = await store.read()
    const pack = await host.kernelPack()
    const network = networkPlan(host, run)
    const loads = (run.resume?.machines ?? []).map(async ({ name, memory }) => {
      if (live.get(name)) return
      const index = run.plan.machines.findIndex((machine) => machine.name === name)
      // A reboot inside boots from it.
      await writeInitrd(initrdFile(host.home, run.id, index), pack, run.plan, network, index, run.drives)
      await noteKernelPack(host.home, run.id, index, pack)
      const vm = await host.vmmFor(name).start({ ...specOf(host, run, name, pack), resume: memoryIn(host.home, memory) })
      live.add(name, vm, { isAsleep: true, address: addressOf(host, run, name) })
    })
    const failed = (await Promise.allSettled(loads)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  },
}

/** Marks the snapshot as consumed: the run never resumes it again, since its drives are written to from here on. */
const consumeSnapshot: Step<RunContext> = {
  name: 'consume-snapshot',
  message: 'Beginning a new epoch',
  async done({ store }) {
    return (await store.read()).resume === undefined
  },
  async do({ store }) {
    const { resume } = await store.read()
    if (resume) await store.consumeSnapshot(resume, randomUUID())
  },
}

/** Lets the machines go on. The wake message is sent before, so that the guest handles it first. */
const goOn: Step<RunContext> = {
  name: 'go-on',
  message: 'Letting the machines go on',
  async done(context) {
    await adopt(context)
    const running = await Promise.all(targets(context).map(({ vm }) => vm.isRunning()))
    return running.length === context.machines.size && running.every(Boolean)
  },
  async do(context) {
    for (const name of context.machines) if (!context.live.get(name)) throw new Error(`${name} went off before it could go on.`)
    void wakeAll(context).catch(() => {})
    await Promise.all(targets(context).map(({ vm }) => vm.goOn()))
  },
}

const wakeGuests: Step<RunContext> = {
  name: 'wake-guests',
  message: 'Setting the machines’ clocks and random numbers',
  async done({ store }) {
    return (await store.read()).waking === undefined
  },
  // Joins what `go-on` began.
  do: wakeAll,
}

async function wakeAll(context: RunContext): Promise<void> {
  const { waking } = await context.store.read()
  if (waking === undefined) throw new Error('its epoch is unknown.')
  await Promise.all(targets(context).map((machine) => machine.wake({ epoch: waking })))
}

/** Gives guests that were resumed from another run's memory their own identity, before anybody uses them. */
const renewIdentity: Step<RunContext> = {
  name: 'renew-identity',
  message: 'Giving the machines an identity of their own',
  async done({ store }) {
    return !(await store.read()).isBorrowed
  },
  async do(context) {
    await Promise.all(targets(context).map(({ link }) => context.host.guests.renewIdentity(link)))
    await context.store.saveIdentity()
  },
}

/** Ends the machines of a failed resume. */
export const abandonWorkflow: Workflow<RunContext> = { name: 'abandon', steps: [endMachines] }

export const resumeWorkflow: Workflow<RunContext> = {
  name: 'resume',
  steps: [
    orBoot(checkSnapshot),
    orBoot(unpackMemory),
    makeFolders,
    leaseAddresses,
    [makeNetwork, makeCgroups, makeOverlays],
    [serveNames, orBoot(loadMachines)],
    orBoot(consumeSnapshot),
    orBoot(goOn),
    orBoot(wakeGuests),
    orBoot(awaitGuests),
    orBoot(renewIdentity),
  ],
}

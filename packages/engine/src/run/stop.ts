import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { syncGuest } from '../guest/agent/sync-guest.ts'
import { answersWithinMs } from './answering.ts'
import { hostName } from './host-parts.ts'
import type { LiveMachine } from './live-run.ts'
import { type RunContext, targets } from './run-context.ts'
import { namesFolder, overlaysFolder } from './run-folder.ts'
import { adopt } from './start.ts'
import type { Step, Workflow } from './steps.ts'

const flushWithinMs = 60_000
/**
 * Grace for a shutdown; then the VM is killed. systemd under TCG takes 3.8-4.7 s from the button to QEMU's end (measured), bare images within that range. A guest that does
 * not answer is most likely frozen: it gets less, since somebody waits.
 */
const graceMs = { answering: 90_000, silent: 20_000 }

export const allEnded = async (context: RunContext): Promise<boolean> => {
  await adopt(context)
  return targets(context).length === 0
}

/** Syncs the guests, so that even one that ignores its power button loses nothing it had written before. */
export const flushGuests: Step<RunContext> = {
  name: 'flush-guests',
  message: 'Flushing the guests’ disks',
  done: allEnded,
  async do(context) {
    const { warn, signal } = context
    await Promise.all(
      targets(context).map(async ({ name, link }) => {
        try {
          await link.ready(AbortSignal.any([signal, AbortSignal.timeout(answersWithinMs)]))
          await syncGuest(link, flushWithinMs)
        } catch (error) {
          signal.throwIfAborted()
          warn(`${name} could not be flushed before its power button was pressed: ${(error as Error).message}`)
        }
      }),
    )
  },
}

/** Interval between presses. A press before the guest listens is lost (systemd-logind is up some seconds after Ready), and extra presses do no harm. */
const pressEveryMs = 3_000

/** Presses the power button until the machine is off. Returns false when it is still on after `withinMs`. */
async function shutDown(machine: LiveMachine, withinMs: number, signal: AbortSignal): Promise<boolean> {
  const over = new AbortController()
  void machine.vm.ended.then(() => over.abort())
  const deadline = Date.now() + withinMs
  let presses = 0
  while (!over.signal.aborted && Date.now() < deadline) {
    signal.throwIfAborted()
    // A VM that ends at this moment closes the connection without an answer.
    await machine.vm.pressPowerButton().catch((error) => {
      if (!over.signal.aborted && Date.now() > deadline - withinMs / 2) throw error
    })
    // Inits that hear no button unless an acpid runs (busybox, sysvinit, OpenRC) are asked by the agent; whoever is going down already takes no harm.
    if (presses++ === 1 && machine.link.isReady)
      await machine.link.tool(['power-off'], { timeoutMs: pressEveryMs }).catch(() => {})
    await delay(pressEveryMs, undefined, { signal: AbortSignal.any([signal, over.signal]) }).catch(() => {})
  }
  return over.signal.aborted
}

const powerOff: Step<RunContext> = {
  name: 'power-off',
  message: 'Shutting the machines down',
  done: allEnded,
  async do(context) {
    const { warn, signal } = context
    await Promise.all(
      targets(context).map(async (machine) => {
        try {
          const withinMs = machine.link.isReady ? graceMs.answering : graceMs.silent
          if (!(await shutDown(machine, withinMs, signal)))
            warn(`${machine.name} did not shut down within ${withinMs / 1000} s and is switched off.`)
        } catch (error) {
          signal.throwIfAborted()
          warn(`${machine.name} could not be asked to shut down: ${(error as Error).message}`)
        }
      }),
    )
  },
}

export const endMachines: Step<RunContext> = {
  name: 'end-machines',
  message: 'Ending what is left of the machines',
  done: allEnded,
  async do(context) {
    await Promise.all(targets(context).map(({ vm }) => vm.kill()))
  },
}

/** Removes the unused overlays of a failed resume: a run that is off and can be resumed has no overlays. Never removes one that was written to. */
export const dropOverlays: Step<RunContext> = {
  name: 'drop-overlays',
  message: 'Removing empty layers',
  async done({ store }) {
    const { resume, drives } = await store.read()
    return resume === undefined || drives.every(({ overlay }) => overlay === undefined)
  },
  async do({ host, store }) {
    const { id, drives } = await store.read()
    for (const { machine, index, overlay } of drives) {
      if (overlay === undefined) continue
      const file = join(overlaysFolder(host.home, id), overlay)
      if (!(await host.layers.isUntouched(file))) {
        await store.bootNext('Its drives were written to since its memory was kept.')
        return
      }
      await store.forgetOverlay(machine, index)
      await rm(file, { force: true })
    }
  },
}

const endNames: Step<RunContext> = {
  name: 'end-names',
  message: 'Ending the resolver',
  async done({ host, store }) {
    return !(await host.resolvers.exists(namesFolder(host.home, (await store.read()).id)))
  },
  async do({ host, store }) {
    await host.resolvers.end(namesFolder(host.home, (await store.read()).id))
  },
}

/** Removes the control groups and kills what is still in them. */
const removeCgroups: Step<RunContext> = {
  name: 'remove-cgroups',
  message: 'Removing the run’s control groups',
  async done({ host, store }) {
    const name = hostName(host.installation, (await store.read()).shortId)
    return !(await host.cgroups.list(host.installation)).includes(name)
  },
  async do({ host, store }) {
    await host.cgroups.remove(hostName(host.installation, (await store.read()).shortId))
  },
}

const removeNetwork: Step<RunContext> = {
  name: 'remove-network',
  message: 'Removing the networks',
  async done({ host, store }) {
    return !(await host.networks.exists(hostName(host.installation, (await store.read()).shortId)))
  },
  async do({ host, store }) {
    await host.networks.remove(hostName(host.installation, (await store.read()).shortId))
  },
}

/** Releases the lease and the run's user. The store keeps the range, so that the next start asks for it again. */
export const releaseAddresses: Step<RunContext> = {
  name: 'release-addresses',
  message: 'Giving the addresses back',
  async done({ host, store }) {
    const { id } = await store.read()
    return !(await host.networks.leases(host.installation)).includes(id) && !(await host.uids.holders()).has(id)
  },
  async do({ host, store }) {
    const { id } = await store.read()
    await host.networks.release(host.installation, id)
    await host.uids.release(id)
  },
}

/** What a run whose machines have ended holds of the host, but for its addresses: each of these goes while the others are still there. */
export const releaseHost: readonly Step<RunContext>[] = [endNames, removeCgroups, removeNetwork]

export const stopWorkflow: Workflow<RunContext> = {
  name: 'stop',
  steps: [flushGuests, powerOff, endMachines, releaseHost, releaseAddresses],
}

/** After a failed start or a crash: saves nothing, releases everything. */
export const releaseWorkflow: Workflow<RunContext> = {
  name: 'release',
  steps: [endMachines, dropOverlays, releaseHost, releaseAddresses],
}

/** Stops one machine of a run that goes on. */
export const machineStopWorkflow: Workflow<RunContext> = {
  name: 'machine-stop',
  steps: [flushGuests, powerOff, endMachines],
}

/** Releases one machine that did not start. */
export const machineReleaseWorkflow: Workflow<RunContext> = {
  name: 'machine-release',
  steps: [endMachines],
}

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { syncGuest } from '../guest/agent/sync-guest.ts'
import { hostName } from './host.ts'
import type { LiveMachine } from './live-run.ts'
import { type RunContext, targets } from './run-context.ts'
import { namesFolder, runsFolder, topsFolder } from './run-folder.ts'
import { adopt } from './start.ts'
import type { Journey, Step } from './steps.ts'

const flushWithinMs = 60_000
/** systemd under TCG: 3.8-4.7 s from the button to QEMU's end (measured); bare images in between. After this the plug is pulled. */
const graceMs = 90_000

export const allEnded = async (context: RunContext): Promise<boolean> => {
  await adopt(context)
  return targets(context).length === 0
}

/** So that even a guest that ignores its power button loses nothing it had written before. */
export const flushGuests: Step<RunContext> = {
  name: 'flush-guests',
  message: 'Flushing the guests’ disks',
  done: allEnded,
  async do(context) {
    const { warn, signal } = context
    await Promise.all(
      targets(context).map(async ({ name, link }) => {
        try {
          await link.ready(AbortSignal.any([signal, AbortSignal.timeout(10_000)]))
          await syncGuest(link, flushWithinMs)
        } catch (error) {
          signal.throwIfAborted()
          warn(`${name} could not be flushed before its power button was pressed: ${(error as Error).message}`)
        }
      }),
    )
  },
}

/** A press before the guest listens (systemd-logind is up some seconds after a machine is Ready) is lost; further ones harm nobody. */
const pressEveryMs = 3_000

/** Presses the power button until the machine is off. False: it went on for the whole grace. */
async function shutDown(machine: LiveMachine, signal: AbortSignal): Promise<boolean> {
  const over = new AbortController()
  void machine.vm.ended.then(() => over.abort())
  const deadline = Date.now() + graceMs
  while (!over.signal.aborted && Date.now() < deadline) {
    signal.throwIfAborted()
    // A VM that ends at this moment closes the connection instead of answering.
    await machine.vm.pressPowerButton().catch((error) => {
      if (!over.signal.aborted && Date.now() > deadline - graceMs / 2) throw error
    })
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
          if (!(await shutDown(machine, signal)))
            warn(`${machine.name} did not shut down within ${graceMs / 1000} s and is switched off.`)
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

/** A run that is off and to be resumed has no tops: what a resume that came to nothing made is taken away again. Never one that was written to. */
export const dropTops: Step<RunContext> = {
  name: 'drop-tops',
  message: 'Removing empty layers',
  async done({ book }) {
    const { resume, drives } = await book.read()
    return resume === undefined || drives.every(({ top }) => top === undefined)
  },
  async do({ host, book }) {
    const { id, drives } = await book.read()
    for (const { machine, index, top } of drives) {
      if (top === undefined) continue
      const file = join(topsFolder(host.home, id), top)
      if (!(await host.layers.isUntouched(file))) {
        await book.bootNext('Its drives were written to since its memory was kept.')
        return
      }
      await book.forgetTop(machine, index)
      await rm(file, { force: true })
    }
  },
}

export const endNames: Step<RunContext> = {
  name: 'end-names',
  message: 'Ending the resolver',
  async done({ host, book }) {
    const folder = namesFolder(host.home, (await book.read()).id)
    return !(await host.resolvers.list(runsFolder(host.home))).includes(folder)
  },
  async do({ host, book }) {
    await host.resolvers.end(namesFolder(host.home, (await book.read()).id))
  },
}

/** With whatever else would still be in it. */
export const removeBounds: Step<RunContext> = {
  name: 'remove-bounds',
  message: 'Removing the run’s bounds',
  async done({ host, book }) {
    const name = hostName(host.installation, (await book.read()).shortId)
    return !(await host.bounds.list(host.installation)).includes(name)
  },
  async do({ host, book }) {
    await host.bounds.remove(hostName(host.installation, (await book.read()).shortId))
  },
}

export const removeNetwork: Step<RunContext> = {
  name: 'remove-network',
  message: 'Removing the networks',
  async done({ host, book }) {
    const name = hostName(host.installation, (await book.read()).shortId)
    return !(await host.networks.list(host.installation)).includes(name)
  },
  async do({ host, book }) {
    await host.networks.remove(hostName(host.installation, (await book.read()).shortId))
  },
}

/** The store keeps the range, so that the next start asks for the same one. */
export const releaseAddresses: Step<RunContext> = {
  name: 'release-addresses',
  message: 'Giving the addresses back',
  async done({ host, book }) {
    return !(await host.networks.leases(host.installation)).includes((await book.read()).id)
  },
  async do({ host, book }) {
    await host.networks.release(host.installation, (await book.read()).id)
  },
}

export const stopJourney: Journey<RunContext> = {
  name: 'stop',
  steps: [flushGuests, powerOff, endMachines, endNames, removeBounds, removeNetwork, releaseAddresses],
}

/** After a failed start or a crash: nothing to save, everything to release. */
export const releaseJourney: Journey<RunContext> = {
  name: 'release',
  steps: [endMachines, dropTops, endNames, removeBounds, removeNetwork, releaseAddresses],
}

/** One machine of a run that goes on. */
export const machineStopJourney: Journey<RunContext> = {
  name: 'machine-stop',
  steps: [flushGuests, powerOff, endMachines],
}

/** One machine that did not start. */
export const machineReleaseJourney: Journey<RunContext> = {
  name: 'machine-release',
  steps: [endMachines],
}

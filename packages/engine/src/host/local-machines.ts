import { guestUnreachable, machineUnreachable } from '@ramet/model/errors/errors.ts'
import { beginTask, lookAtTask, taskEnd } from '../guest/agent/guest-task.ts'
import { settledCommand } from '../guest/agent/settled.ts'
import { tryScript } from '../guest/agent/try-script.ts'
import type { GuestLink } from '../guest/guest.ts'
import type { HostParts } from '../run/host-parts.ts'
import type { LiveMachine } from '../run/live-run.ts'
import { machineFolder } from '../run/run-folder.ts'
import { dialMachine } from './dial.ts'
import type { HostMachines, MachineName, MachinePlace } from './host-machines.ts'

/** How long a call waits for a link that was just lost (a reboot, a restarted server). */
const linkWithinMs = 20_000
/** Added to the time that the guest has to settle. */
const answerMs = 10_000

export function localMachines({ home, vmmFor, guests, networks, live }: HostParts): HostMachines {
  const on = ({ runId, machine }: MachineName): LiveMachine => {
    const found = live.get(runId)?.get(machine)
    if (!found) throw machineUnreachable(machine, 'it is off.')
    return found
  }
  const ready = async (name: MachineName): Promise<LiveMachine> => {
    const machine = on(name)
    if (!machine.link.isReady)
      await machine.link.ready(AbortSignal.timeout(linkWithinMs)).catch(() => {
        throw machineUnreachable(name.machine, `it did not answer within ${linkWithinMs / 1000} s.`)
      })
    return machine
  }
  const linkOf = async (name: MachineName): Promise<GuestLink> => (await ready(name)).link
  const logs = ({ runId, machine, index }: MachinePlace, only?: string) =>
    vmmFor(machine).consoleLogs({ folder: machineFolder(home, runId, index) }, only)
  return {
    exec: async (machine, command, options) => (await linkOf(machine)).exec(command, options),
    terminal: async (machine, session, options) => (await linkOf(machine)).terminal(session, options),
    console: async (machine) => guests.console(on(machine).vm),
    consoleLogs: async (place) => (await logs(place)).map(({ name }) => name),
    readConsoleLog: async (place, name) => (await logs(place, name)).find((log) => log.name === name)?.read(),
    dial: async (machine, port) => dialMachine(networks, await ready(machine), port),
    async datagrams(machine, port) {
      const { name, address } = await ready(machine)
      if (address === undefined) throw machineUnreachable(name, 'it has no address on the host.')
      return networks.datagrams(address, port)
    },
    async answers({ runId, machine }, withinMs) {
      const link = live.get(runId)?.get(machine)?.link
      if (!link) return false
      const { code } = await link.tool(['busybox', 'true'], { timeoutMs: withinMs }).catch(() => ({ code: 1 }))
      return code === 0
    },
    run: async (machine, command, options = {}) => (await linkOf(machine)).run(command, options),
    async settled(machine, withinSeconds) {
      const { code, stderr } = await (await linkOf(machine)).run(settledCommand(withinSeconds), {
        timeoutMs: withinSeconds * 1000 + answerMs,
      })
      // 124: timeout(1) ended it. 127: an image without such programs has no systemd to wait for.
      if (![0, 124, 127].includes(code ?? -1))
        throw guestUnreachable(`it does not say whether it has settled: ${stderr.slice(0, 200)}`)
    },
    beginTask: async (runId, task) => beginTask(await linkOf({ runId, machine: task.machine }), task),
    lookAtTask: async (runId, task) => lookAtTask(await linkOf({ runId, machine: task.machine }), task),
    awaitTask: async (runId, task) => taskEnd(await linkOf({ runId, machine: task.machine }), task),
    tryScript: async (machine, script, signal) => tryScript(await linkOf(machine), machine.machine, script, signal),
  }
}

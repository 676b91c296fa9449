import { setTimeout as delay } from 'node:timers/promises'
import { actionRefused, machineUnreachable } from '@ramet/model/errors/errors.ts'
import { refusal } from '@ramet/model/run/run-state.ts'
import type { Runs, User } from '../services.ts'
import { inRun } from '../ssh/destination.ts'

const betweenLooksMs = 500

/**
 * Resolves with the machine's name when it takes commands. A client that asks while it boots is held, and then told to ask again (503): labctl does for 25 minutes. Throws
 * `machine_unreachable`, `action_refused` when the run is off, `unknown_machine`.
 */
export async function waitUntilReady(
  runs: Pick<Runs, 'get'>,
  user: User,
  id: string,
  name: string,
  withinMs: number,
): Promise<string> {
  const end = Date.now() + withinMs
  for (;;) {
    const play = await runs.get(user, id)
    const { machine } = inRun(play, name)
    const ready = play.status.machines.find((each) => each.name === machine)?.conditions.find((each) => each.name === 'Ready')
    if (play.state === 'RUNNING' && ready?.status === 'True') return machine
    const otherwise = refusal('open_terminal', play.state)
    const isComing = play.wanted === 'RUNNING'
    if (otherwise && !isComing) throw actionRefused('enter', play.state, otherwise)
    if (Date.now() > end) throw machineUnreachable(machine, ready?.message ?? 'it is still on its way up.')
    await delay(betweenLooksMs, undefined, { ref: false })
  }
}

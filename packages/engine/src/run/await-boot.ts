import { setTimeout as delay } from 'node:timers/promises'
import { bootFailed, machineUnreachable } from '@ramet/model/errors/errors.ts'
import type { BootFailure } from '../guest/boot/boot-failure.ts'
import { cpuSecondsOf } from '../process/cpu-time.ts'
import type { VmEnd } from '../vmm/vmm.ts'
import { howItEnded } from './how-it-ended.ts'
import type { LiveMachine } from './live-run.ts'

/**
 * A boot whose serial line stays as it is for so long does not go on: power-on to the first command takes 5-8 s alone under TCG, ten that started together on two
 * cores under two minutes. One that goes on printing (a check of a large filesystem, a kernel of its own) may take longer, but not for ever.
 */
const silentMs = 240_000
const longestMs = 1_800_000
const lookMs = 1000

/**
 * Waits until a machine answers (undefined), or until its boot has failed and left a shell on the serial line: then it stays on, to be mended. Throws `boot_failed` when it failed
 * otherwise, and `machine_unreachable` when it went off or does not go on.
 */
export async function untilBooted(machine: LiveMachine, signal: AbortSignal): Promise<BootFailure | undefined> {
  const { name, vm, link, boot } = machine
  const over = new AbortController()
  const until = AbortSignal.any([signal, over.signal])
  try {
    const came = await Promise.race([
      link.ready(until).then(() => undefined),
      boot.failed(until),
      vm.ended.then((end) => ({ end })),
      tooLate(machine, until).then((why) => ({ why })),
    ])
    if (came === undefined) return undefined
    if ('why' in came) throw machineUnreachable(name, came.why)
    const failure = 'end' in came ? await boot.lastLook() : came
    if (failure === undefined) throw machineUnreachable(name, endedEarly((came as { end: VmEnd }).end))
    if ('end' in came || !failure.hasShell) throw bootFailed(name, failure.reason)
    return failure
  } finally {
    over.abort()
  }
}

const endedEarly = (end: VmEnd) => `${howItEnded(end)} before it answered.`

/** Resolves with what to tell when the boot takes too long; rejects with the signal's reason. */
async function tooLate({ boot, vm }: Pick<LiveMachine, 'boot' | 'vm'>, signal: AbortSignal): Promise<string> {
  const began = performance.now()
  let cpuBefore = await cpuSecondsOf(vm.pid)
  for (;;) {
    await delay(lookMs, undefined, { signal })
    const passed = performance.now() - began
    const silent = Math.min(boot.silentForMs, passed)
    if (silent < 2 * lookMs) cpuBefore = await cpuSecondsOf(vm.pid)
    if (silent > silentMs)
      return `no command ran, and its serial line has been silent for ${silentMs / 1000} s.${whatItDoes(boot.lastLine, cpuBefore, await cpuSecondsOf(vm.pid))}`
    if (passed > longestMs) return `no command ran within ${longestMs / 60_000} minutes of its start.`
  }
}

/** Tells a guest that computes from one that waits, for whoever looks for the cause. Pure. */
export function whatItDoes(lastLine: string, cpuBefore: number | undefined, cpuAfter: number | undefined): string {
  const used =
    cpuBefore === undefined || cpuAfter === undefined
      ? ''
      : ` Since then it has used ${(cpuAfter - cpuBefore).toFixed(1)} s of processor time.`
  return `${used}${lastLine === '' ? ' It has printed nothing.' : ` Its last line: ${lastLine}`}`
}

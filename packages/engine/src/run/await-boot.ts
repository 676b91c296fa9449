import { setTimeout as delay } from 'node:timers/promises'
import { bootFailed, machineUnreachable } from '@ramet/model/errors/errors.ts'
import type { BootFailure } from '../guest/boot/boot-failure.ts'
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
export async function untilBooted({ name, vm, link, boot }: LiveMachine, signal: AbortSignal): Promise<BootFailure | undefined> {
  const over = new AbortController()
  const until = AbortSignal.any([signal, over.signal])
  try {
    const came = await Promise.race([
      link.ready(until).then(() => undefined),
      boot.failed(until),
      vm.ended.then((end) => ({ end })),
      tooLate(boot, until).then((why) => ({ why })),
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

/** Resolves with a sentence when the boot takes too long; rejects with the signal's reason. */
async function tooLate(boot: LiveMachine['boot'], signal: AbortSignal): Promise<string> {
  const began = performance.now()
  for (;;) {
    await delay(lookMs, undefined, { signal })
    const passed = performance.now() - began
    if (Math.min(boot.silentForMs, passed) > silentMs)
      return `no command ran, and its serial line has been silent for ${silentMs / 1000} s.`
    if (passed > longestMs) return `no command ran within ${longestMs / 60_000} minutes of its start.`
  }
}

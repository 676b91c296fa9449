import { setTimeout as delay } from 'node:timers/promises'
import { visibleLine, withoutColours } from '@ramet/model/units/visible-text.ts'
import { type BootFailure, bootFailureIn } from '../guest/boot/boot-failure.ts'
import type { GuestLink } from '../guest/guest.ts'
import type { Vm } from '../vmm/vmm.ts'

/** Between two looks at the serial line: soon after power-on people wait, later nobody does. */
const lookMs = { first: 1000, longest: 10_000, growth: 1.1 }
/** Of what a guest printed, in an error. */
const longestLine = 200

/**
 * Watches the boots of one machine: from its power-on and from each reset until it answers, it looks at the serial line for a reason why it never will. The line is what every part of
 * a boot can speak on, the machine's own kernel and initramfs too, and a later server reads it as well.
 */
export class BootWatch {
  readonly #vm: Pick<Vm, 'printed'>
  readonly #link: Pick<GuestLink, 'isReady' | 'onChange'>
  readonly #told: (failure: BootFailure) => void
  readonly #listeners = new Set<(failure: BootFailure) => void>()
  #looking = new AbortController()
  #printed = ''
  #progressAt = performance.now()
  #failure: BootFailure | undefined

  /** `told`: called once for each boot that fails. */
  constructor(
    vm: Pick<Vm, 'printed' | 'onReset' | 'ended'>,
    link: Pick<GuestLink, 'isReady' | 'onChange'>,
    told: (failure: BootFailure) => void,
  ) {
    this.#vm = vm
    this.#link = link
    this.#told = told
    link.onChange((isReady) => {
      if (isReady) this.#end()
    })
    vm.onReset(() => void this.#afterReset())
    void vm.ended.then(() => this.close())
  }

  /** Why the present boot will not answer; undefined while it may. */
  get failure(): BootFailure | undefined {
    return this.#failure
  }

  /** Looks from now on. `after`: what was printed before this boot. */
  begin(after = ''): void {
    this.#end()
    if (!this.#link.isReady) void this.#look(after, this.#looking.signal)
  }

  /** Since when it has printed nothing new. */
  get silentForMs(): number {
    return performance.now() - this.#progressAt
  }

  /** The last line that it has printed, bounded, with control characters shown; empty: none. */
  get lastLine(): string {
    return visibleLine(withoutColours(this.#printed.trimEnd().split('\n').at(-1) ?? '').trim()).slice(0, longestLine)
  }

  /** Resolves when the present boot has failed; rejects with the signal's reason. */
  async failed(signal: AbortSignal): Promise<BootFailure> {
    signal.throwIfAborted()
    if (this.#failure) return this.#failure
    const { promise, resolve, reject } = Promise.withResolvers<BootFailure>()
    const abort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    this.#listeners.add(resolve)
    try {
      return await promise
    } finally {
      this.#listeners.delete(resolve)
      signal.removeEventListener('abort', abort)
    }
  }

  /** Looks once more, for a machine that has ended. */
  async lastLook(): Promise<BootFailure | undefined> {
    return this.#failure ?? bootFailureIn(await this.#vm.printed().catch(() => ''))
  }

  close(): void {
    this.#looking.abort()
  }

  #end(): void {
    this.#looking.abort()
    this.#looking = new AbortController()
    this.#progressAt = performance.now()
    this.#failure = undefined
  }

  async #afterReset(): Promise<void> {
    this.#end()
    const { signal } = this.#looking
    const before = await this.#vm.printed().catch(() => '')
    if (!signal.aborted) this.begin(before)
  }

  async #look(after: string, signal: AbortSignal): Promise<void> {
    for (let ms = lookMs.first; ; ms = Math.min(ms * lookMs.growth, lookMs.longest)) {
      await delay(ms, undefined, { signal, ref: false }).catch(() => {})
      if (signal.aborted) return
      const printed = await this.#vm.printed().catch(() => '')
      const found = bootFailureIn(newer(printed, after))
      if (printed !== this.#printed) this.#progressAt = performance.now()
      this.#printed = printed
      if (signal.aborted || this.#link.isReady) return
      if (!found) continue
      this.#failure = found
      this.#told(found)
      for (const listener of this.#listeners) listener(found)
      return
    }
  }
}

/** A sentence about the machine that begins with `it`. Pure. */
export const whyNotBooted = ({ reason, hasShell }: BootFailure): string =>
  `it cannot boot: ${reason}.${hasShell ? ' It can be mended in the shell on its serial line: ramet playground machine console' : ''}`

/** What of a line's end came after its end of before. Pure. */
export function newer(printed: string, before: string): string {
  const mark = before.slice(-200)
  const at = mark === '' ? -1 : printed.lastIndexOf(mark)
  return at < 0 ? printed : printed.slice(at + mark.length)
}

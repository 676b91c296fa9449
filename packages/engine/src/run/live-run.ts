import { setTimeout as delay } from 'node:timers/promises'
import { machineUnreachable } from '@ramet/model/errors/errors.ts'
import { readTroubles } from '../guest/boot/troubles.ts'
import type { GuestLink, Guests, WakeOptions } from '../guest/guest.ts'
import type { Vm, VmEnd } from '../vmm/vmm.ts'
import { BootWatch, whyNotBooted } from './boot-watch.ts'
import { howItEnded } from './how-it-ended.ts'

/** Connections of this server process to one machine that is on. They are no source of truth, and all of them can be made again. */
export interface LiveMachine {
  readonly name: string
  readonly vm: Vm
  readonly link: GuestLink
  /** Address on the host (1:1 NAT); undefined when it has no network. */
  readonly address: string | undefined
  readonly boot: BootWatch
  /** False: its memory was resumed and the guest does not know yet. Its link waits until it was woken. */
  readonly isAwake: boolean
  /** Wakes a resumed guest once: sets what it cannot know (guest/wake.ts), then opens the link. Throws as `Guests.wake` does. */
  wake(options: WakeOptions): Promise<void>
}

export type LiveEvent =
  | { readonly kind: 'ended'; readonly machine: string; readonly end: VmEnd }
  | { readonly kind: 'reset'; readonly machine: string }
  | { readonly kind: 'space'; readonly machine: string; readonly waits: boolean }
  | { readonly kind: 'link'; readonly machine: string; readonly isReady: boolean; readonly why?: string }
  | { readonly kind: 'boot-failed'; readonly machine: string; readonly why: string }
  | { readonly kind: 'troubles'; readonly machine: string; readonly troubles: readonly string[] }

export interface LiveRunOptions {
  /** Called with each VM that is added. */
  added(vm: Vm): void
  /** True while the run's VMs are made to stand still. */
  standsStill(): boolean
}

/**
 * A program more in a guest that somebody waits for would take its share of the CPU: the first command goes first. Of a guest that was resumed nothing is new, and others may be
 * resumed beside it.
 */
const troublesAfterMs = { boot: 2_000, resume: 15_000 }

/** Connections to the machines of one run that are on. */
export class LiveRun {
  readonly #guests: Guests
  readonly #options: LiveRunOptions
  readonly #machines = new Map<string, LiveMachine>()
  readonly #listeners = new Set<(event: LiveEvent) => void>()

  constructor(guests: Guests, options: LiveRunOptions) {
    this.#guests = guests
    this.#options = options
  }

  get(machine: string): LiveMachine | undefined {
    return this.#machines.get(machine)
  }

  all(): LiveMachine[] {
    return [...this.#machines.values()]
  }

  /** Adds a VM that was started or found, and opens its link. For a resumed VM (`isAsleep`) the link opens when the guest is awake. */
  add(
    name: string,
    vm: Vm,
    { isAsleep = false, address }: { isAsleep?: boolean; address?: string | undefined } = {},
  ): LiveMachine {
    const awake = Promise.withResolvers<void>()
    awake.promise.catch(() => {})
    const link = this.#guests.link(vm, { standsStill: this.#options.standsStill, ...(isAsleep ? { awake: awake.promise } : {}) })
    let isAwake = !isAsleep
    let waking: Promise<void> | undefined
    const guests = this.#guests
    const over = new AbortController()
    const wake = async ({ signal = over.signal, ...options }: WakeOptions) => {
      // The link does not need the clock, so both go in parallel.
      await guests.wake(vm, {
        ...options,
        // The port of a VM that has ended would be tried for 20 s.
        signal: AbortSignal.any([signal, over.signal]),
        onReseeded: () => awake.resolve(),
      })
      isAwake = true
    }
    const boot = new BootWatch(vm, link, (failure) => {
      this.#tell({ kind: 'boot-failed', machine: name, why: whyNotBooted(failure) })
    })
    const machine: LiveMachine = {
      name,
      vm,
      link,
      address,
      boot,
      get isAwake() {
        return isAwake
      },
      wake: (options) => {
        waking ??= wake(options)
        return waking
      },
    }
    this.#machines.set(name, machine)
    this.#options.added(vm)
    if (!isAsleep) boot.begin()
    let askAfterMs = isAsleep ? troublesAfterMs.resume : troublesAfterMs.boot
    link.onChange((isReady, why) => {
      this.#tell({ kind: 'link', machine: name, isReady, ...(why === undefined ? {} : { why }) })
      // Asked at each boot, since a guest reboots by itself too.
      if (!isReady) return
      void this.#askForTroubles(name, link, askAfterMs)
      askAfterMs = troublesAfterMs.boot
    })
    vm.onReset(() => this.#tell({ kind: 'reset', machine: name }))
    vm.onSpace((waits) => this.#tell({ kind: 'space', machine: name, waits }))
    void vm.ended.then((end) => {
      over.abort(machineUnreachable(name, `${howItEnded(end)} before it was awake.`))
      link.close()
      if (this.#machines.get(name) === machine) this.#machines.delete(name)
      this.#tell({ kind: 'ended', machine: name, end })
    })
    return machine
  }

  listen(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Closes all connections; the VMs go on. */
  release(): void {
    for (const { vm, link, boot } of this.#machines.values()) {
      boot.close()
      link.close()
      vm.release()
    }
    this.#machines.clear()
  }

  async #askForTroubles(machine: string, link: GuestLink, afterMs: number): Promise<void> {
    await delay(afterMs, undefined, { ref: false })
    try {
      this.#tell({ kind: 'troubles', machine, troubles: await readTroubles(link) })
    } catch {
      // It is asked again when it answers again.
    }
  }

  #tell(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

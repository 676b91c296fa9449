import type { Duplex } from 'node:stream'

/** Where a port of the host leads, as long as it is published. */
export interface DoorTarget {
  /** Opens a connection or a flow to the machine's port. */
  open(): Promise<Duplex>
  /** A place among what the run's owner may have open. Throws the limit's refusal. */
  take(): Disposable
}

/** A port of the host that is held. What comes before it leads somewhere is turned away. */
export interface Door {
  /** The one that the kernel chose, where any was asked for. */
  readonly port: number
  leadTo(target: DoorTarget): void
  /** Lets the port go and ends all that is open by it. */
  close(): Promise<void>
}

export interface DoorAddress {
  readonly address: string
  readonly port: number
}

import type { Duplex } from 'node:stream'

/** The plan of one run's network as pure data; made by `plan.ts`, brought about by an implementation of `Networks`. */
export interface NetworkPlan {
  /** Installation id + short run id, at most 13 characters, so that names derived from it fit into 15 (IFNAMSIZ - 1): `r1a2b-3c4`. */
  readonly name: string
  /** The /28 leased from the host-wide pool: the first two are the veth pair as a /31 (host's end, namespace's end), then one a machine. */
  readonly lease: string
  readonly networks: readonly PlannedNetwork[]
  readonly machines: readonly PlannedMachine[]
}

export interface PlannedNetwork {
  readonly name: string
  /** `br0`, `br1`… inside the namespace. */
  readonly bridge: string
  readonly subnet: string
  readonly gateway: string
  readonly private: boolean
}

export interface PlannedMachine {
  readonly name: string
  /** Address on the host's side (1:1 NAT), from the lease. */
  readonly hostAddress: string
  readonly interfaces: readonly PlannedInterface[]
}

export interface PlannedInterface {
  /** In the guest: `eth0`… */
  readonly name: string
  readonly network: string
  /** In the namespace. */
  readonly tap: string
  readonly mac: string
  readonly address: string
  readonly prefixLength: number
  /** Absent on private networks. */
  readonly gateway?: string
}

/** Why no connection came about. `refused`: nothing listens there. `silent`: no answer in time. */
export type DialFailure = 'refused' | 'silent' | 'unreachable'

/** One host's run networks. Every method is idempotent. */
export interface Networks {
  /** True when namespace, veth, bridges, taps and rules all are there as planned. */
  ready(plan: NetworkPlan): Promise<boolean>
  /** Makes whatever of the plan is missing. Taps are openable by the VM's user. */
  make(plan: NetworkPlan): Promise<void>
  /** Removes namespace, veth and host rules; nothing happens if they are gone. */
  remove(name: string): Promise<void>
  /** True when any object of the plan is left on the host. */
  exists(name: string): Promise<boolean>
  /** Names of all plans of this installation that have left any object on the host. */
  list(installation: string): Promise<string[]>
  /** Takes a /28 that no one on this host (other servers too) and no route uses; `prefer` is taken again when free. */
  lease(installation: string, runId: string, prefer?: string): Promise<string>
  release(installation: string, runId: string): Promise<void>
  /** A TCP connection from the host to one of its machines' addresses. */
  dial(hostAddress: string, port: number): Promise<Duplex | DialFailure>
  /** A UDP flow from the host to one of its machines' addresses: each chunk is one datagram, both ways. */
  datagrams(hostAddress: string, port: number): Promise<Duplex>
  /** Run ids of this installation that hold a lease. */
  leases(installation: string): Promise<string[]>
}

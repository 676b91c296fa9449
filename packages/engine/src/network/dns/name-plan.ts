import { entrance } from '../entrance.ts'
import type { NetworkPlan, PlannedMachine, PlannedNetwork } from '../network.ts'

/** One set of answers, given by one resolver process. Askers are led to its port by the run's rules. */
export interface NameView {
  /** Unprivileged, in the run's namespace; askers use 53. */
  readonly port: number
  readonly hosts: readonly HostNames[]
  /** False: names from outside do not exist. */
  readonly forwards: boolean
  /** Gateways' addresses that it listens on. */
  readonly addresses: readonly string[]
}

/** Who is led where on one network. */
export interface Askers {
  readonly bridge: string
  readonly gateway: string
  /** Port of the view for whoever is not in `known`: a container with an address of its own, say. */
  readonly port: number
  readonly known: readonly { readonly address: string; readonly port: number }[]
}

export interface NamePlan {
  readonly views: readonly NameView[]
  readonly askers: readonly Askers[]
}

const firstPort = 5300

/**
 * Who is told what; pure. A name with several addresses means the one that the asker can reach without a router, so answers depend on who asks:
 * machines with the same networks share a view. Private networks learn nothing from outside, since questions would carry data out.
 */
export function planNames(plan: NetworkPlan): NamePlan {
  const views: { hosts: HostNames[]; forwards: boolean; addresses: Set<string> }[] = []
  const portOf = (networks: readonly string[], network: PlannedNetwork) => {
    const hosts = hostsSeenFrom(plan, networks)
    const forwards = !network.private
    let at = views.findIndex((view) => view.forwards === forwards && hostsText(view.hosts) === hostsText(hosts))
    if (at < 0) at = views.push({ hosts, forwards, addresses: new Set() }) - 1
    views[at]?.addresses.add(network.gateway)
    return firstPort + at
  }
  const askers = plan.networks.map((network) => {
    const port = portOf([network.name], network)
    const known = plan.machines.flatMap((machine) => {
      // Each machine asks one gateway; on its other networks it is answered as a stranger.
      const item = entrance(machine)
      if (item?.network !== network.name) return []
      const own = portOf(networksOf(machine), network)
      return own === port ? [] : [{ address: item.address, port: own }]
    })
    return { bridge: network.bridge, gateway: network.gateway, port, known }
  })
  return {
    views: views.map(({ addresses, ...view }, at) => ({ port: firstPort + at, ...view, addresses: [...addresses] })),
    askers,
  }
}

/** The resolver that a machine is given: the gateway of its entrance. */
export function resolverOf(plan: NetworkPlan, machine: PlannedMachine): string | undefined {
  const item = entrance(machine)
  return plan.networks.find((network) => network.name === item?.network)?.gateway
}

export const networksOf = (machine: PlannedMachine): string[] => machine.interfaces.map((item) => item.network)

export interface HostNames {
  readonly address: string
  readonly names: readonly string[]
}

/** `machine`: its address on the first of its networks that the asker is on too, else its first. `machine.network`: the address there. */
export function hostsSeenFrom(plan: NetworkPlan, networks: readonly string[]): HostNames[] {
  return plan.machines.flatMap((machine) => {
    const near = machine.interfaces.find((item) => networks.includes(item.network)) ?? machine.interfaces[0]
    return machine.interfaces.map((item) => ({
      address: item.address,
      names: item === near ? [machine.name, `${machine.name}.${item.network}`] : [`${machine.name}.${item.network}`],
    }))
  })
}

/** In the form of /etc/hosts. */
export const hostsText = (hosts: readonly HostNames[]): string =>
  hosts.map(({ address, names }) => `${address} ${names.join(' ')}\n`).join('')

import { RametError } from '../errors/error.ts'
import type { ManifestMachine, ManifestNetwork, ManifestSpec } from '../manifest/manifest.ts'
import {
  contains,
  formatAddress,
  formatSubnet,
  nextFreeHost,
  overlaps,
  parseAddress,
  parseSubnet,
  type Subnet,
} from './subnet.ts'

/** What a manifest's networks and interfaces come to once every default is filled in. Plans of runs and of the host's networks are made from it. */
export interface Addresses {
  readonly networks: readonly ResolvedNetwork[]
  /** In manifest order. */
  readonly machines: readonly ResolvedMachine[]
}

export interface ResolvedNetwork {
  readonly name: string
  /** In manifest order, from 0. */
  readonly index: number
  readonly subnet: string
  readonly gateway: string
  readonly private: boolean
}

export interface ResolvedMachine {
  readonly name: string
  readonly interfaces: readonly ResolvedInterface[]
}

export interface ResolvedInterface {
  /** 0 is eth0. */
  readonly index: number
  readonly network: string
  readonly address: string
  readonly prefixLength: number
  /** Only on the interface with the default route: the first one on a network that is not private. */
  readonly gateway?: string
}

export const defaultNetwork = { name: 'local', subnet: '172.16.0.0/24' } as const

/** Subnets for networks that name none, in the order they are given out: 172.16.0.0/24 to 172.16.255.0/24. */
function* defaultSubnets(): Generator<Subnet> {
  const first = parseAddress('172.16.0.0') as number
  for (let third = 0; third < 256; third += 1) yield { first: first + third * 256, prefixLength: 24 }
}

/** Networks with names and subnets: `local` when there are none, the next free 172.16.x.0/24 where none is given. */
export function networksWithSubnets(networks: readonly ManifestNetwork[]): { network: ManifestNetwork; subnet: Subnet }[] {
  const given =
    networks.length > 0 ? networks : [{ name: defaultNetwork.name, subnet: undefined, gateway: undefined, private: undefined }]
  const taken = given.flatMap(({ subnet }) => (subnet === undefined ? [] : [subnetOf(subnet)]))
  return given.map((network) => {
    if (network.subnet !== undefined) return { network, subnet: subnetOf(network.subnet) }
    for (const subnet of defaultSubnets()) {
      if (taken.some((other) => overlaps(other, subnet))) continue
      taken.push(subnet)
      return { network, subnet }
    }
    throw new RametError('overlapping_subnets', 400, `No subnet is left for the network ${network.name}.`, {
      hint: 'Give it a `subnet` of its own.',
    })
  })
}

/** The interfaces a machine has: those of the manifest, or one on the first network. */
export function interfacesOf(machine: Pick<ManifestMachine, 'network'>, firstNetwork: string) {
  const given = machine.network?.interfaces ?? []
  return given.length > 0 ? given : [{ network: firstNetwork, address: undefined }]
}

/**
 * Gives every network a subnet and a gateway and every interface an address. Addresses written in the manifest are kept first, then gateways take the
 * first free host address of their subnet, then the other interfaces the next free ones in manifest order: the same manifest always comes to the same.
 * Expects a spec that `manifest-rules.ts` found no fault in; RametError `unknown_network`, `address_outside_subnet` or `subnet_full` otherwise.
 */
export function resolveAddresses(
  spec: Pick<ManifestSpec, 'networks'> & { machines: readonly Pick<ManifestMachine, 'name' | 'network'>[] },
): Addresses {
  const networks = networksWithSubnets(spec.networks)
  const firstNetwork = networks[0]?.network.name ?? defaultNetwork.name
  const taken = new Map<string, Set<number>>(networks.map(({ network }) => [network.name, new Set<number>()]))
  const found = (name: string) => {
    const match = networks.find(({ network }) => network.name === name)
    const addresses = taken.get(name)
    if (!match || !addresses) throw new RametError('unknown_network', 400, `There is no network ${name}.`)
    return { ...match, addresses }
  }

  for (const { network } of networks) {
    if (network.gateway !== undefined) found(network.name).addresses.add(addressIn(network.gateway, found(network.name).subnet))
  }
  for (const machine of spec.machines) {
    for (const { network, address } of interfacesOf(machine, firstNetwork)) {
      if (address !== undefined) found(network).addresses.add(addressIn(address, found(network).subnet))
    }
  }
  const resolved = networks.map(({ network, subnet }, index): ResolvedNetwork => {
    const gateway =
      network.gateway === undefined ? takeNext(found(network.name).addresses, subnet, network.name) : network.gateway
    return { name: network.name, index, subnet: formatSubnet(subnet), gateway, private: network.private ?? false }
  })
  return {
    networks: resolved,
    machines: spec.machines.map((machine) => ({ name: machine.name, interfaces: addressed(machine) })),
  }

  function addressed(machine: Pick<ManifestMachine, 'name' | 'network'>): ResolvedInterface[] {
    let routed = false
    return interfacesOf(machine, firstNetwork).map(({ network: name, address }, index) => {
      const { subnet, addresses, network } = found(name)
      const own = address === undefined ? takeNext(addresses, subnet, name) : formatAddress(addressIn(address, subnet))
      const hasDefaultRoute = !routed && !network.private
      routed ||= hasDefaultRoute
      const gateway = hasDefaultRoute ? resolved.find((other) => other.name === name)?.gateway : undefined
      return {
        index,
        network: name,
        address: own,
        prefixLength: subnet.prefixLength,
        ...(gateway === undefined ? {} : { gateway }),
      }
    })
  }
}

function subnetOf(text: string): Subnet {
  const subnet = parseSubnet(text)
  if (!subnet) throw new RametError('invalid_value', 400, `${text} is not a subnet.`)
  return subnet
}

function addressIn(text: string, subnet: Subnet): number {
  const address = parseAddress(text.split('/')[0] ?? '')
  if (address === undefined || !contains(subnet, address)) {
    throw new RametError('address_outside_subnet', 400, `${text} is not in ${formatSubnet(subnet)}.`)
  }
  return address
}

function takeNext(taken: Set<number>, subnet: Subnet, network: string): string {
  const address = nextFreeHost(subnet, taken)
  if (address === undefined) {
    throw new RametError('subnet_full', 400, `The network ${network} has no free address left.`, {
      hint: `${formatSubnet(subnet)} is too small for its machines.`,
    })
  }
  taken.add(address)
  return formatAddress(address)
}

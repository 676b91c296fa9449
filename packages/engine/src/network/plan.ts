import { machineMac } from '@ramet/model/plan/machine-mac.ts'
import { addressAt, type Prefix, parsePrefix } from './ipv4.ts'
import type { NetworkPlan } from './network.ts'

/** What a plan is made of: a run's networks and machines with every address resolved. */
export interface PlanInput {
  readonly networks: readonly {
    readonly name: string
    readonly subnet: string
    readonly gateway: string
    readonly private: boolean
  }[]
  readonly machines: readonly {
    readonly name: string
    readonly interfaces: readonly { readonly network: string; readonly address: string; readonly prefixLength: number }[]
  }[]
}

/** Places in the leased /28: the veth pair as a /31 (RFC 3021), then the machines. */
const hostPlace = 0
const namespacePlace = 1
const firstMachinePlace = 2

const hex = (value: number) => value.toString(16).padStart(2, '0')

/** Fixed, as the machines' own (`machineMac`):  guests that continue from memory keep the gateway's in their ARP tables. */
export const bridgeMac = (networkIndex: number) => `52:52:00:ff:00:${hex(networkIndex)}`

/** Names of host objects end up in argv and in rulesets, so they are checked wherever they come from. */
export function checkName(name: string): void {
  if (!/^r[0-9a-f]{4}-[0-9a-z]{1,7}$/.test(name)) throw new Error(`not the name of a run's network: ${name}`)
}

/** Pure: the same input gives the same plan. `name` as `hostName()` makes it, `lease` a /28. */
export function planNetwork(name: string, lease: string, input: PlanInput): NetworkPlan {
  checkName(name)
  const leased = parsePrefix(lease)
  if (leased.length !== 28) throw new Error(`the lease ${lease} is not a /28`)
  return {
    name,
    lease,
    networks: input.networks.map((network, index) => ({
      name: network.name,
      bridge: `br${index}`,
      subnet: network.subnet,
      gateway: network.gateway,
      private: network.private,
    })),
    machines: input.machines.map((machine, machineIndex) => ({
      name: machine.name,
      hostAddress: machineAddress(leased, machineIndex),
      interfaces: machine.interfaces.map((item, index) => {
        const network = input.networks.find((candidate) => candidate.name === item.network)
        if (!network) throw new Error(`the machine ${machine.name} is on an unknown network ${item.network}`)
        return {
          name: `eth${index}`,
          network: item.network,
          tap: `tap${machineIndex}-${index}`,
          mac: machineMac(machineIndex, index),
          address: item.address,
          prefixLength: item.prefixLength,
          ...(network.private ? {} : { gateway: network.gateway }),
        }
      }),
    })),
  }
}

export const hostEnd = (plan: Pick<NetworkPlan, 'lease'>) => addressAt(parsePrefix(plan.lease), hostPlace)
export const namespaceEnd = (plan: Pick<NetworkPlan, 'lease'>) => addressAt(parsePrefix(plan.lease), namespacePlace)

const machineAddress = (lease: Prefix, machineIndex: number) => addressAt(lease, firstMachinePlace + machineIndex)

/** Addresses of a run's machines on the host's side, by name. Pure. */
export function hostAddresses({ machines }: Pick<PlanInput, 'machines'>, lease: string): ReadonlyMap<string, string> {
  const leased = parsePrefix(lease)
  return new Map(machines.map(({ name }, index) => [name, machineAddress(leased, index)]))
}

import { closest } from '../errors/closest.ts'
import { RametError } from '../errors/error.ts'
import { type Fault, fault } from '../errors/fault.ts'
import { interfacesOf, networksWithSubnets, resolveAddresses } from '../plan/addresses.ts'
import {
  contains,
  formatAddress,
  formatSubnet,
  isHostAddress,
  overlaps,
  parseAddress,
  parseAddressWithMask,
  parseSubnet,
  type Subnet,
  subnetAround,
} from '../plan/subnet.ts'
import type { ManifestSpec } from './manifest.ts'

/** Ranges that no network of a run may touch (RFC 6890; 198.18.0.0/15 is where hosts of Ramet lease the outer addresses of machines). */
const reserved: readonly [string, string][] = [
  ['0.0.0.0/8', '“this network”'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local addresses'],
  ['198.18.0.0/15', 'the outer addresses of machines'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
]

/** Rules across networks and interfaces. `partial`: networks left out come from a base that is not known here. */
export function networkFaults(spec: ManifestSpec, partial: boolean): Fault[] {
  const faults = spec.networks.flatMap((_, index) => subnetFaults(spec, index))
  faults.push(...overlapFaults(spec))
  if (faults.length > 0 || (partial && spec.networks.length === 0)) return faults
  faults.push(...spec.networks.flatMap((_, index) => gatewayFaults(spec, index)), ...interfaceFaults(spec))
  if (faults.length > 0) return faults
  try {
    resolveAddresses(spec)
    return []
  } catch (error) {
    if (!(error instanceof RametError)) throw error
    return [fault(error.code, ['networks'], error.message, error.hint)]
  }
}

function subnetFaults(spec: ManifestSpec, index: number): Fault[] {
  const text = spec.networks[index]?.subnet
  if (text === undefined) return []
  const path = ['networks', index, 'subnet']
  const subnet = parseSubnet(text)
  if (!subnet) {
    const parsed = parseAddressWithMask(text)
    const hint = parsed
      ? `The subnet around it is ${formatSubnet(subnetAround(parsed.address, parsed.prefixLength))}.`
      : 'Such as 10.10.0.0/24.'
    return [fault('invalid_value', path, `${text} is not an IPv4 subnet.`, hint)]
  }
  if (subnet.prefixLength < 8 || subnet.prefixLength > 30) {
    return [fault('invalid_value', path, `The subnet ${text} has an odd size.`, 'From /8 to /30, such as 10.10.0.0/24.')]
  }
  const clash = reserved.find(([range]) => overlaps(parseSubnet(range) as Subnet, subnet))
  if (!clash) return []
  return [
    fault(
      'reserved_subnet',
      path,
      `The subnet ${text} overlaps ${clash[0]}, which is for ${clash[1]}.`,
      'Take one from 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.',
    ),
  ]
}

function overlapFaults(spec: ManifestSpec): Fault[] {
  const faults: Fault[] = []
  for (const [index, network] of spec.networks.entries()) {
    const subnet = network.subnet === undefined ? undefined : parseSubnet(network.subnet)
    if (!subnet) continue
    const other = spec.networks.slice(0, index).find((earlier) => {
      const range = earlier.subnet === undefined ? undefined : parseSubnet(earlier.subnet)
      return range !== undefined && overlaps(range, subnet)
    })
    if (other) {
      faults.push(
        fault(
          'overlapping_subnets',
          ['networks', index, 'subnet'],
          `The subnets of ${other.name} (${other.subnet}) and ${network.name} (${network.subnet}) overlap.`,
          'Give each network a range of its own.',
        ),
      )
    }
  }
  return faults
}

function gatewayFaults(spec: ManifestSpec, index: number): Fault[] {
  const resolved = networksWithSubnets(spec.networks)[index]
  const text = resolved?.network.gateway
  if (!resolved || text === undefined) return []
  return addressFaults(['networks', index, 'gateway'], text, resolved.subnet, `the network ${resolved.network.name}`)
}

function addressFaults(path: Fault['path'], text: string, subnet: Subnet, of: string): Fault[] {
  const [plain = '', mask] = text.split('/')
  const address = parseAddress(plain)
  if (address === undefined || (mask !== undefined && parseAddressWithMask(text) === undefined)) {
    return [fault('invalid_value', path, `${text} is not an IPv4 address.`, 'Such as 10.10.0.5 or 10.10.0.5/24.')]
  }
  const range = `Hosts of ${formatSubnet(subnet)} are ${formatAddress(subnet.first + 1)} and up.`
  if (!contains(subnet, address)) {
    return [
      fault('address_outside_subnet', path, `The address ${text} is not in ${formatSubnet(subnet)}, the subnet of ${of}.`, range),
    ]
  }
  if (!isHostAddress(subnet, address)) {
    return [fault('reserved_address', path, `${text} is the network or broadcast address of ${formatSubnet(subnet)}.`, range)]
  }
  if (mask !== undefined && Number(mask) !== subnet.prefixLength) {
    return [
      fault(
        'invalid_value',
        path,
        `The mask of ${text} is not that of ${formatSubnet(subnet)}, the subnet of ${of}.`,
        'Leave the mask out.',
      ),
    ]
  }
  return []
}

function interfaceFaults(spec: ManifestSpec): Fault[] {
  const networks = networksWithSubnets(spec.networks)
  const names = networks.map(({ network }) => network.name)
  const taken = new Map<string, string>()
  for (const { network } of networks) {
    if (network.gateway !== undefined) taken.set(`${network.name} ${network.gateway}`, 'its gateway')
  }
  const faults: Fault[] = []
  for (const [m, machine] of spec.machines.entries()) {
    for (const [i, { network: name, address }] of interfacesOf(machine, names[0] ?? '').entries()) {
      const path = ['machines', m, 'network', 'interfaces', i]
      const found = networks.find(({ network }) => network.name === name)
      if (!found) {
        const near = closest(name, names)
        const hint = `${near === undefined ? '' : `Did you mean ${near}? `}There are: ${names.join(', ')}.`
        faults.push(
          fault(
            'unknown_network',
            [...path, 'network'],
            `The machine ${machine.name} is on ${name}, but there is no such network.`,
            hint,
          ),
        )
        continue
      }
      if (address === undefined) continue
      const here = addressFaults([...path, 'address'], address, found.subnet, `the network ${name}`)
      faults.push(...here)
      if (here.length > 0) continue
      const key = `${name} ${address.split('/')[0]}`
      const holder = taken.get(key)
      if (holder !== undefined) {
        faults.push(
          fault(
            'duplicate_address',
            [...path, 'address'],
            `The address ${address} on ${name} is already that of ${holder}.`,
            'Leave it out to get the next free one.',
          ),
        )
      }
      taken.set(key, `the machine ${machine.name}`)
    }
  }
  return faults
}

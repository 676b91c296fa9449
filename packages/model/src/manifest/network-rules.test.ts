import { areRefused } from '../testing/faulty-manifests.ts'
import { drives, inner } from '../testing/manifest-text.ts'

const net = (line: string) =>
  inner(`  networks: [{name: n, subnet: 10.0.0.0/24}]\n  machines:\n    - name: a\n      ${drives}\n      network: ${line}\n`)

areRefused([
  {
    says: 'the same network twice',
    text: inner(`  networks: [{name: n}, {name: "n"}]\n  machines: [{name: a, ${drives}}]`),
    code: 'duplicate_name',
    at: '"n"',
  },
  {
    says: 'overlapping subnets',
    text: inner(
      `  networks: [{name: n, subnet: 10.0.0.0/16}, {name: o, subnet: 10.0.9.0/24}]\n  machines: [{name: a, ${drives}}]`,
    ),
    code: 'overlapping_subnets',
    at: '10.0.9.0/24',
  },
  {
    says: 'an address outside its subnet',
    text: net('{interfaces: [{network: n, address: 10.0.1.5}]}'),
    code: 'address_outside_subnet',
    at: '10.0.1.5',
  },
  {
    says: 'a broadcast address',
    text: net('{interfaces: [{network: n, address: 10.0.0.255}]}'),
    code: 'reserved_address',
    at: '10.0.0.255',
  },
  {
    says: 'a wrong mask',
    text: net('{interfaces: [{network: n, address: 10.0.0.5/16}]}'),
    code: 'invalid_value',
    at: '10.0.0.5/16',
  },
  {
    says: 'an address twice',
    text: net('{interfaces: [{network: n, address: 10.0.0.5}, {network: n, address: 10.0.0.5/24}]}'),
    code: 'duplicate_address',
    at: '10.0.0.5/24',
  },
  {
    says: 'an unknown network',
    text: net('{interfaces: [{network: nn}]}'),
    code: 'unknown_network',
    at: 'nn}',
    hint: /Did you mean n/,
  },
  {
    says: 'a gateway outside',
    text: inner(`  networks: [{name: n, subnet: 10.0.0.0/24, gateway: 10.9.0.1}]\n  machines: [{name: a, ${drives}}]`),
    code: 'address_outside_subnet',
    at: '10.9.0.1',
  },
  {
    says: 'a subnet with host bits',
    text: inner(`  networks: [{name: n, subnet: 10.0.0.7/24}]\n  machines: [{name: a, ${drives}}]`),
    code: 'invalid_value',
    at: '10.0.0.7',
    hint: /10\.0\.0\.0\/24/,
  },
  {
    says: 'a subnet that is too small',
    text: inner(`  networks: [{name: n, subnet: 10.0.0.0/31}]\n  machines: [{name: a, ${drives}}]`),
    code: 'invalid_value',
    at: '10.0.0.0/31',
  },
  {
    says: 'the range of outer addresses',
    text: inner(`  networks: [{name: n, subnet: 198.19.0.0/24}]\n  machines: [{name: a, ${drives}}]`),
    code: 'reserved_subnet',
    at: '198.19',
  },
])

import { bounds, rememberedFor } from './bounds.ts'
import type { NetworkPlan } from './network.ts'
import { type Chain, type DynamicSet, mapOf, setOf, type Table } from './nft-table.ts'

/**
 * What the bridges of a run learn, and whom their gateways answer. Frames between machines pass whatever they carry, but a tap has a bounded set of MACs, and
 * only addresses of the plan and a few others reach the namespace's own IP, so no guest decides how many entries the kernel's tables get. IPv6 does not reach it.
 * The kernel's own limit (fdb_max_learned) came with Linux 6.7; Debian 12 has 6.1.
 */
export function bridgeTable(name: string, plan: NetworkPlan): Table {
  const taps = plan.machines.flatMap((machine) => machine.interfaces)
  const known = (network: string) => taps.filter((item) => item.network === network).map(({ address }) => address)
  const sets: DynamicSet[] = taps.flatMap(({ tap }) => [
    { name: `macs-${tap}`, type: 'ether_addr', size: bounds.macsOfTap, timeout: rememberedFor },
    { name: `strangers-${tap}`, type: 'ipv4_addr', size: bounds.strangersOfTap, timeout: rememberedFor },
  ])
  const perTap: Chain[] = taps.flatMap(({ tap, mac, network }) => [
    { name: `learn-${tap}`, rules: [`ether saddr ${mac} accept`, `update @macs-${tap} { ether saddr } accept`] },
    {
      name: `hear-${tap}`,
      rules: [
        `ip saddr ${setOf(known(network))} accept`,
        // 0.0.0.0 asks whether an address is taken (RFC 5227) and becomes no neighbour.
        `arp saddr ip ${setOf([...known(network), '0.0.0.0'])} accept`,
        `update @strangers-${tap} { ip saddr } accept`,
        `update @strangers-${tap} { arp saddr ip } accept`,
      ],
    },
  ])
  const by = (prefix: string) =>
    taps.length === 0 ? [] : [`iifname vmap ${mapOf(taps.map(({ tap }) => [`"${tap}"`, `goto ${prefix}-${tap}`]))}`]
  return {
    family: 'bridge',
    name,
    sets,
    chains: [
      ...perTap,
      { name: 'to-bridge', head: 'type filter hook prerouting priority filter; policy drop;', rules: by('learn') },
      { name: 'to-gateway', head: 'type filter hook input priority filter; policy drop;', rules: by('hear') },
    ],
  }
}

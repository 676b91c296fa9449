import { bounds } from './bounds.ts'
import { bridgeTable } from './bridge-rules.ts'
import { planNames } from './dns/name-plan.ts'
import { entrance } from './entrance.ts'
import type { NetworkPlan, PlannedNetwork } from './network.ts'
import { mapOf, type Ruleset, ruleset, setOf, type Table } from './nft-table.ts'
import { namespaceEnd } from './plan.ts'
import { uplink } from './uplink.ts'
import { walled } from './walled.ts'

/** Tables inside a namespace; on the host the table has the plan's name. */
const insideTable = 'ramet'

/** Inside the run's namespace: what the bridges learn, 1:1 NAT, and what may pass between host, world and the run's networks. Between its networks nothing does. */
export const namespaceRuleset = (plan: NetworkPlan, pool: string): Ruleset =>
  ruleset([bridgeTable(insideTable, plan), routingTable(plan, pool)])

const per = ({ aSecond, burst }: { readonly aSecond: number; readonly burst: number }) =>
  `limit rate over ${aSecond}/second burst ${burst} packets`

function routingTable(plan: NetworkPlan, pool: string): Table {
  const inwards = plan.machines.flatMap((machine) => {
    const item = entrance(machine)
    return item ? [[machine.hostAddress, item.address] as const] : []
  })
  const outwards = plan.machines.flatMap((machine) =>
    machine.interfaces.flatMap((item) => (item.gateway === undefined ? [] : [[item.address, machine.hostAddress] as const])),
  )
  const open = plan.networks.filter((network) => !network.private)
  const { askers } = planNames(plan)
  const echo = ({ bridge, gateway }: PlannedNetwork) => `iifname "${bridge}" ip daddr ${gateway} icmp type echo-request`
  const question = (bridge: string, gateway: string) =>
    `iifname "${bridge}" ip daddr ${gateway} meta l4proto { tcp, udp } th dport`
  return {
    family: 'inet',
    name: insideTable,
    chains: [
      {
        name: 'untracked',
        head: 'type filter hook prerouting priority raw; policy accept;',
        // An answer needs no connection, and each identifier of an echo request would make one.
        rules: plan.networks.map((network) => `${echo(network)} notrack`),
      },
      {
        name: 'to-machine',
        head: 'type nat hook prerouting priority dstnat; policy accept;',
        rules: [
          ...(inwards.length === 0 ? [] : [`iifname "${uplink}" dnat ip to ip daddr map ${mapOf(inwards)}`]),
          // Questions for names, each to the view of who asks.
          ...askers.flatMap(({ bridge, gateway, port, known }) => [
            ...known.map((asker) => `${question(bridge, gateway)} 53 ip saddr ${asker.address} redirect to :${asker.port}`),
            `${question(bridge, gateway)} 53 redirect to :${port}`,
          ]),
        ],
      },
      {
        name: 'between',
        head: 'type filter hook forward priority filter; policy drop;',
        rules: [
          // With br_netfilter loaded, what merely crosses a bridge comes by here too.
          ...plan.networks.map((network) => `iifname "${network.bridge}" oifname "${network.bridge}" accept`),
          'meta nfproto != ipv4 drop',
          'ct state established,related accept',
          `iifname "${uplink}" ct status dnat accept`,
          `ip daddr ${setOf([pool, ...walled])} drop`,
          // Only addresses that this network's machines were given leave it.
          ...open.flatMap((network) => {
            const addresses = plan.machines.flatMap(({ interfaces }) =>
              interfaces.filter((item) => item.network === network.name).map((item) => item.address),
            )
            return addresses.length === 0
              ? []
              : [`iifname "${network.bridge}" oifname "${uplink}" ip saddr ${setOf(addresses)} goto leave`]
          }),
        ],
      },
      {
        name: 'leave',
        rules: [
          // All but the first packet of what nobody answers, too.
          'ct status confirmed accept',
          `${per(bounds.newConnections)} drop`,
          `ct count over ${bounds.connections} drop`,
          'accept',
        ],
      },
      {
        name: 'to-namespace',
        head: 'type filter hook input priority filter; policy drop;',
        rules: [
          'meta nfproto != ipv4 drop',
          'ct state established,related accept',
          // Gateways answer pings, each on its own network alone.
          `icmp type echo-request ${per(bounds.echoes)} drop`,
          ...plan.networks.map((network) => `${echo(network)} accept`),
          `iifname "${uplink}" ip daddr ${namespaceEnd(plan)} icmp type echo-request accept`,
          ...askers.flatMap(({ bridge, gateway, port, known }) => {
            const asked = `${question(bridge, gateway)} ${setOf([...new Set([port, ...known.map((asker) => asker.port)])].map(String))} ct status dnat`
            return [`${asked} ct count over ${bounds.questions} drop`, `${asked} accept`]
          }),
        ],
      },
      {
        name: 'names-outwards',
        head: 'type filter hook output priority filter; policy accept;',
        // Only resolvers begin anything here, each question from another port.
        rules: [`oifname "${uplink}" ct state new ct count over ${bounds.questions} drop`],
      },
      {
        name: 'from-machine',
        head: 'type nat hook postrouting priority srcnat; policy accept;',
        rules: [
          ...(outwards.length === 0 ? [] : [`oifname "${uplink}" snat ip to ip saddr map ${mapOf(outwards)}`]),
          // Machines there have no route to the host: to them it is the gateway.
          ...plan.networks
            .filter((network) => network.private)
            .map((network) => `oifname "${network.bridge}" ct status dnat snat ip to ${network.gateway}`),
        ],
      },
    ],
  }
}

import { createHash } from 'node:crypto'
import { planNames } from './dns/name-plan.ts'
import { entrance } from './entrance.ts'
import type { NetworkPlan } from './network.ts'
import { namespaceEnd } from './plan.ts'

/**
 * Where no guest may go, wherever it runs. Not the host's LAN: machines may use what the host's neighbours offer, as the host itself may.
 * The cloud metadata services beside 169.254.169.254: 100.100.100.200 (Alibaba), 192.0.0.192 (Oracle), both documented by their vendors.
 */
const walled = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '100.100.100.200', '192.0.0.0/24', '224.0.0.0/4', '240.0.0.0/4']

/** Questions for names that one network may have open: a flood must not take all the memory that the kernel gives to connections. */
const mostQuestions = 1024
/** Connections that a run may have to the outside. They also stand in the host's one table (nf_conntrack_max, 262144 by default), which would be full for everybody. */
const mostConnections = 8192

/** The namespace's end of the veth pair. */
export const uplink = 'uplink'
/** Table inside a namespace; on the host the table has the plan's name. */
export const insideTable = 'ramet'

/** `file` for `nft -f`. `marker`: an empty chain named after the rules' hash, so that later they can be seen to be these; `rules`: how many there are. */
export interface Ruleset {
  readonly table: string
  readonly file: string
  readonly marker: string
  readonly rules: number
}

interface Chain {
  readonly name: string
  readonly head: string
  readonly rules: readonly string[]
}

/** Replaces the table in one transaction, whether it is there or not. */
function ruleset(table: string, chains: readonly Chain[]): Ruleset {
  const body = chains
    .map(({ name, head, rules }) => `  chain ${name} {\n    ${head}\n${rules.map((rule) => `    ${rule}\n`).join('')}  }\n`)
    .join('')
  const marker = `plan-${createHash('sha256').update(body).digest('hex').slice(0, 16)}`
  const name = `inet ${table}`
  return {
    table,
    file: `add table ${name}\ndelete table ${name}\ntable ${name} {\n  chain ${marker} {\n  }\n${body}}\n`,
    marker,
    rules: chains.reduce((sum, chain) => sum + chain.rules.length, 0),
  }
}

const set = (items: readonly string[]) => `{ ${items.join(', ')} }`
const map = (items: readonly (readonly [string, string])[]) => set(items.map(([from, to]) => `${from} : ${to}`))

/**
 * On the host: machines get out as the host, and reach neither the host nor other runs. The walls stand before any destination is rewritten
 * (priority mangle), so ports that other software publishes on the host's addresses are behind them too. `accept` here ends only our own table:
 * the host's own firewall still has its say.
 */
export function hostRuleset(plan: NetworkPlan, pool: string): Ruleset {
  const veth = `"${plan.name}"`
  return ruleset(plan.name, [
    {
      name: 'from-run',
      head: 'type filter hook prerouting priority mangle; policy accept;',
      rules: [
        `iifname != ${veth} accept`,
        'meta nfproto != ipv4 drop',
        'ct state established,related accept',
        'ct state invalid drop',
        `ip saddr != ${plan.lease} drop`,
        `ip daddr ${set([pool, ...walled])} drop`,
        'fib daddr type != unicast drop',
      ],
    },
    {
      name: 'to-host',
      head: 'type filter hook input priority filter; policy accept;',
      rules: [`iifname ${veth} ct state != { established, related } drop`],
    },
    {
      name: 'to-run',
      head: 'type filter hook forward priority filter; policy accept;',
      rules: [`oifname ${veth} ct state != { established, related } drop`],
    },
    {
      name: 'outwards',
      head: 'type nat hook postrouting priority srcnat; policy accept;',
      // What the host sends itself from its end of the pair is in the lease too.
      rules: [`ip saddr ${plan.lease} oifname != { ${veth}, "lo" } masquerade`],
    },
  ])
}

/** Inside the run's namespace: 1:1 NAT, and what may pass between host, world and the run's networks. Between its networks nothing does. */
export function namespaceRuleset(plan: NetworkPlan, pool: string): Ruleset {
  const inwards = plan.machines.flatMap((machine) => {
    const item = entrance(machine)
    return item ? [[machine.hostAddress, item.address] as const] : []
  })
  const outwards = plan.machines.flatMap((machine) =>
    machine.interfaces.flatMap((item) => (item.gateway === undefined ? [] : [[item.address, machine.hostAddress] as const])),
  )
  const open = plan.networks.filter((network) => !network.private)
  const { askers } = planNames(plan)
  const question = (bridge: string, gateway: string) =>
    `iifname "${bridge}" ip daddr ${gateway} meta l4proto { tcp, udp } th dport`
  return ruleset(insideTable, [
    {
      name: 'to-machine',
      head: 'type nat hook prerouting priority dstnat; policy accept;',
      rules: [
        ...(inwards.length === 0 ? [] : [`iifname "${uplink}" dnat ip to ip daddr map ${map(inwards)}`]),
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
        `ip daddr ${set([pool, ...walled])} drop`,
        `oifname "${uplink}" ct count over ${mostConnections} drop`,
        // Only addresses that this network's machines were given leave it.
        ...open.flatMap((network) => {
          const addresses = plan.machines.flatMap(({ interfaces }) =>
            interfaces.filter((item) => item.network === network.name).map((item) => item.address),
          )
          return addresses.length === 0
            ? []
            : [`iifname "${network.bridge}" oifname "${uplink}" ip saddr ${set(addresses)} accept`]
        }),
      ],
    },
    {
      name: 'to-namespace',
      head: 'type filter hook input priority filter; policy drop;',
      rules: [
        'meta nfproto != ipv4 drop',
        'ct state established,related accept',
        // Gateways answer pings, each on its own network alone.
        ...plan.networks.map(
          (network) => `iifname "${network.bridge}" ip daddr ${network.gateway} icmp type echo-request accept`,
        ),
        `iifname "${uplink}" ip daddr ${namespaceEnd(plan)} icmp type echo-request accept`,
        ...askers.flatMap(({ bridge, gateway, port, known }) => {
          const asked = `${question(bridge, gateway)} ${set([...new Set([port, ...known.map((asker) => asker.port)])].map(String))} ct status dnat`
          return [`${asked} ct count over ${mostQuestions} drop`, `${asked} accept`]
        }),
      ],
    },
    {
      name: 'from-machine',
      head: 'type nat hook postrouting priority srcnat; policy accept;',
      rules: [
        ...(outwards.length === 0 ? [] : [`oifname "${uplink}" snat ip to ip saddr map ${map(outwards)}`]),
        // Machines there have no route to the host: to them it is the gateway.
        ...plan.networks
          .filter((network) => network.private)
          .map((network) => `oifname "${network.bridge}" ct status dnat snat ip to ${network.gateway}`),
      ],
    },
  ])
}

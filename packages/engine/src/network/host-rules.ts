import { bounds, rememberedFor } from './bounds.ts'
import type { NetworkPlan } from './network.ts'
import { type Ruleset, ruleset, setOf } from './nft-table.ts'
import { namespaceEnd } from './plan.ts'
import { walled } from './walled.ts'

/**
 * On the host: machines get out as the host, and reach neither the host nor other runs. The walls stand before any destination is rewritten
 * (priority mangle), so ports that other software publishes on the host's addresses are behind them too. `accept` here ends only our own table:
 * the host's own firewall still has its say.
 */
export function hostRuleset(plan: NetworkPlan, pool: string): Ruleset {
  const veth = `"${plan.name}"`
  return ruleset([
    {
      family: 'inet',
      name: plan.name,
      sets: [{ name: 'neighbours', type: 'ipv4_addr', size: bounds.neighbours, timeout: rememberedFor }],
      chains: [
        {
          name: 'from-run',
          head: 'type filter hook prerouting priority mangle; policy accept;',
          rules: [
            `iifname != ${veth} accept`,
            'meta nfproto != ipv4 drop',
            'ct state established,related accept',
            'ct state invalid drop',
            `ip saddr != ${plan.lease} drop`,
            // The run's own resolvers: a cloud's nameserver may stand behind the wall (Azure: 168.63.129.16, Google: 169.254.169.254).
            `ip saddr ${namespaceEnd(plan)} meta l4proto { tcp, udp } th dport 53 fib daddr type unicast jump admit`,
            `ip daddr ${setOf([pool, ...walled])} drop`,
            'fib daddr type != unicast drop',
            'jump admit',
          ],
        },
        // A second wall: the namespace counts too.
        {
          name: 'admit',
          rules: ['ct status confirmed accept', `ct count over ${bounds.connections + bounds.questions} drop`, 'accept'],
        },
        {
          name: 'to-neighbours',
          head: 'type filter hook forward priority filter; policy accept;',
          rules: [
            `iifname != ${veth} accept`,
            'ct state established,related accept',
            'update @neighbours { rt ip nexthop } accept',
            'drop',
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
      ],
    },
  ])
}

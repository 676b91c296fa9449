import { parsePrefix } from './ipv4.ts'
import type { NetworkPlan } from './network.ts'
import { bridgeMac, hostEnd, namespaceEnd } from './plan.ts'
import { uplink } from './uplink.ts'

/** An interface as `ip -json -details address show` tells of it; only what we look at. */
export interface ObservedLink {
  readonly ifname: string
  readonly flags: readonly string[]
  readonly address?: string
  readonly master?: string
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: { readonly no_linklocal_learn?: number } }
  readonly addr_info: readonly { readonly family: string; readonly local?: string; readonly prefixlen?: number }[]
}

/** A route as `ip -json route show` tells of it. */
export interface ObservedRoute {
  readonly dst: string
  readonly gateway?: string
  readonly dev?: string
}

export interface Observed {
  readonly links: readonly ObservedLink[]
  readonly routes: readonly ObservedRoute[]
}

const isUp = (link: ObservedLink | undefined) => link?.flags.includes('UP') === true
const hasAddress = (link: ObservedLink | undefined, address: string, prefixLength: number) =>
  link?.addr_info.some((item) => item.family === 'inet' && item.local === address && item.prefixlen === prefixLength) === true

/**
 * Lines for `ip -batch` that bring what is observed to what is planned; none when it is so already. Pure. Every interface is named after the
 * word `dev`, since `ip` takes bare names such as `up` for words of its own.
 */
export function missingOnHost(plan: NetworkPlan, observed: Observed): string[] {
  const veth = observed.links.find((link) => link.ifname === plan.name)
  const lines: string[] = []
  if (!veth) lines.push(`link add dev ${plan.name} type veth peer name ${uplink} netns ${plan.name}`)
  if (!hasAddress(veth, hostEnd(plan), 31)) lines.push(`address replace ${hostEnd(plan)}/31 dev ${plan.name}`)
  if (!isUp(veth)) lines.push(`link set dev ${plan.name} up`)
  // Routed, not on-link: nothing on the wire has to answer ARP for machines.
  if (
    !observed.routes.some((route) => route.dst === plan.lease && route.gateway === namespaceEnd(plan) && route.dev === plan.name)
  )
    lines.push(`route replace ${plan.lease} via ${namespaceEnd(plan)} dev ${plan.name} src ${hostEnd(plan)}`)
  return lines
}

/** The same for the inside of the namespace. `vmUid`: who may open the taps. */
export function missingInside(plan: NetworkPlan, observed: Observed, vmUid: number): string[] {
  const link = (name: string) => observed.links.find((candidate) => candidate.ifname === name)
  const lines: string[] = []
  if (!isUp(link('lo'))) lines.push('link set dev lo up')
  for (const [index, network] of plan.networks.entries()) {
    const bridge = link(network.bridge)
    const { length } = parsePrefix(network.subnet)
    if (!bridge)
      lines.push(
        `link add dev ${network.bridge} address ${bridgeMac(index)} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
      )
    // Frames to 01:80:c2:00:00:0e (LLDP) pass none of the bridge's rules, so nothing is learnt from them (br_handle_frame of net/bridge/br_input.c).
    if (bridge?.linkinfo?.info_data?.no_linklocal_learn !== 1)
      lines.push(`link set dev ${network.bridge} type bridge no_linklocal_learn 1`)
    if (!hasAddress(bridge, network.gateway, length))
      lines.push(`address replace ${network.gateway}/${length} dev ${network.bridge}`)
    if (!isUp(bridge)) lines.push(`link set dev ${network.bridge} up`)
  }
  for (const item of plan.machines.flatMap((machine) => machine.interfaces)) {
    const tap = link(item.tap)
    const bridge = plan.networks.find((network) => network.name === item.network)?.bridge
    if (!tap) lines.push(`tuntap add dev ${item.tap} mode tap user ${vmUid}`)
    if (tap?.master !== bridge) lines.push(`link set dev ${item.tap} master ${bridge}`)
    if (!isUp(tap)) lines.push(`link set dev ${item.tap} up`)
  }
  const out = link(uplink)
  if (!hasAddress(out, namespaceEnd(plan), 31)) lines.push(`address replace ${namespaceEnd(plan)}/31 dev ${uplink}`)
  if (!isUp(out)) lines.push(`link set dev ${uplink} up`)
  if (!observed.routes.some((route) => route.dst === 'default' && route.gateway === hostEnd(plan)))
    lines.push(`route replace default via ${hostEnd(plan)} dev ${uplink}`)
  return lines
}

/**
 * Settings of a new namespace, before anything in it is up. No IPv6 of its own: guests have link-local addresses among themselves on a bridge,
 * and nothing to talk to beyond. Strict reverse paths, and ARP answers for an interface's own addresses only (Documentation/networking/ip-sysctl.rst).
 */
export const namespaceSettings: readonly string[] = [
  'net.ipv6.conf.all.disable_ipv6=1',
  'net.ipv6.conf.default.disable_ipv6=1',
  'net.bridge.bridge-nf-call-iptables=0',
  'net.bridge.bridge-nf-call-ip6tables=0',
  'net.bridge.bridge-nf-call-arptables=0',
  'net.ipv4.ip_forward=1',
  'net.ipv4.conf.all.rp_filter=1',
  'net.ipv4.conf.default.rp_filter=1',
  'net.ipv4.conf.all.arp_ignore=1',
  'net.ipv4.conf.all.arp_announce=2',
  'net.ipv4.conf.all.accept_redirects=0',
  'net.ipv4.conf.default.accept_redirects=0',
  'net.ipv4.conf.all.send_redirects=0',
  'net.ipv4.conf.default.send_redirects=0',
  // Fragments that wait for the rest of their packet: 1 MiB a run instead of 4.
  'net.ipv4.ipfrag_low_thresh=786432',
  'net.ipv4.ipfrag_high_thresh=1048576',
]

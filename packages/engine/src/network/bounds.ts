/**
 * What one run may take of the tables that the kernel keeps for the whole host: a guest may invent as many addresses and connections as it has time for.
 * docs/architecture/network.md says why each is as it is.
 */
export const bounds = {
  /** MACs that the bridge learns from one tap, besides the machine's own: containers and VMs inside a guest have some. */
  macsOfTap: 64,
  /** Addresses on one tap, besides those of the plan, that the gateway answers. Each may become a neighbour entry (gc_thresh3: 1024 for the host). */
  strangersOfTap: 16,
  /** Neighbours of the host that a run may speak to within some minutes; the way to the internet is one of them. */
  neighbours: 32,
  /** Connections of machines to the outside. They also stand in the host's own table (nf_conntrack_max, 262144 by default). */
  connections: 4096,
  /** New connections a second, after a burst. `ct count` looks at every connection that it counts (nf_conncount.c), so a flood must not ask it each time. */
  newConnections: { aSecond: 200, burst: 2000 },
  /** Questions for names that one network may have open, and that the run's resolvers may have open outside. */
  questions: 1024,
  /** Echo requests a second that the gateways of a run answer. */
  echoes: { aSecond: 200, burst: 200 },
} as const

/** A second longer than a bridge remembers a MAC (ageing_time, 300 s), and with it longer than any entry that it stands for. */
export const rememberedFor = '301s'

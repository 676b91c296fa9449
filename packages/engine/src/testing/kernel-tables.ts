import { readFile } from 'node:fs/promises'
import { run } from '../process/run-process.ts'

/** How full those tables of the kernel are that guests could fill. */
export interface KernelTables {
  /** Bridge entries that were learnt. */
  readonly macs: number
  /** Neighbour entries of both families. */
  readonly neighbours: number
  readonly connections: number
  /** Memory of packets that wait for fragments. */
  readonly fragmentBytes: number
}

/** Those of a network namespace, or of the host. `device`: neighbours on this one alone. */
export async function kernelTables(namespace?: string, device?: string): Promise<KernelTables> {
  const inside = namespace === undefined ? [] : ['-n', namespace]
  const neighboursOf = (family: string) =>
    run(['ip', ...inside, family, '-json', 'neighbour', 'show', 'nud', 'all', ...(device === undefined ? [] : ['dev', device])])
  const [fdb, v4, v6, connections, sockets] = await Promise.all([
    run(['bridge', ...inside, '-json', 'fdb', 'show']),
    neighboursOf('-4'),
    neighboursOf('-6'),
    read(namespace, '/proc/sys/net/netfilter/nf_conntrack_count'),
    read(namespace, '/proc/net/sockstat'),
  ])
  const listed = <T>(text: string) => (text.trim() ? (JSON.parse(text) as T[]) : [])
  const entries = [v4, v6].flatMap(({ stdout }) => listed<{ state?: string[] }>(stdout))
  return {
    macs: listed<{ state?: string }>(fdb.stdout).filter(({ state }) => state !== 'permanent').length,
    // NOARP: multicast addresses and such, which the kernel computes.
    neighbours: entries.filter(({ state }) => !state?.includes('NOARP')).length,
    connections: Number(connections),
    fragmentBytes: Number(/^FRAG: inuse \d+ memory (\d+)/m.exec(sockets)?.[1] ?? 0),
  }
}

const read = async (namespace: string | undefined, path: string): Promise<string> =>
  namespace === undefined ? readFile(path, 'utf8') : (await run(['ip', 'netns', 'exec', namespace, 'cat', path])).stdout

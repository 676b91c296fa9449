import { readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isThere } from '../disk/files.ts'
import { ProcessFailed, run } from '../process/run-process.ts'
import { openDatagramFlow } from './datagram-flow.ts'
import { dialTcp } from './dial-tcp.ts'
import { hostRuleset } from './host-rules.ts'
import { Leases } from './lease.ts'
import { missingInside, missingOnHost, namespaceSettings, type Observed, type ObservedLink, type ObservedRoute } from './links.ts'
import { namespaceRuleset } from './namespace-rules.ts'
import type { Networks } from './network.ts'
import type { Ruleset } from './nft-table.ts'
import { checkName } from './plan.ts'

export interface LinuxNetworksOptions {
  /** Owner of the taps. */
  readonly vmUid: number
  /** Addresses of machines on the host's side; a prefix of at most /28. */
  readonly pool?: string
  /** Host-wide, the same for every server on this host. */
  readonly leaseFolder?: string
}

/** Where `ip netns` keeps its names (ip-netns(8)). */
const namespacesFolder = '/run/netns'
/** NSFS_MAGIC of linux/magic.h: tells a namespace from the plain file that a crash between its making and its mount leaves. */
const nsfsMagic = 0x6e736673
/** There while the host has such an interface. It is that of the reader's network namespace, unlike /sys. */
const linkFolder = (name: string) => `/proc/sys/net/ipv4/conf/${name}`
const emptySide: Observed = { links: [], routes: [] }

/** RFC 2544's benchmarking range: on no real network, and not private, so it is in nobody's VPN. */
export const defaultPool = '198.18.0.0/15'

/** Networks of runs by iproute2 and nftables. Needs root. */
export function linuxNetworks({ vmUid, pool = defaultPool, leaseFolder }: LinuxNetworksOptions): Networks {
  const leases = new Leases({ pool, folder: leaseFolder })
  return {
    async ready(plan) {
      if (!(await namespaceExists(plan.name))) return false
      const [host, inside, hostRules, insideRules] = await Promise.all([
        observeHost(plan.name),
        observeInside(plan.name),
        rulesStand(hostRuleset(plan, pool)),
        rulesStand(namespaceRuleset(plan, pool), plan.name),
      ])
      return hostRules && insideRules && missingOnHost(plan, host).length === 0 && missingInside(plan, inside, vmUid).length === 0
    },

    async make(plan) {
      checkName(plan.name)
      await forwardOnHost()
      const isNew = await makeNamespace(plan.name)
      try {
        // The walls stand before the first packet can pass.
        const [host] = await Promise.all([
          observeHost(plan.name),
          loadRules(hostRuleset(plan, pool)),
          loadRules(namespaceRuleset(plan, pool), plan.name),
          settle(plan.name),
        ])
        await ip(missingOnHost(plan, host))
        await settleVeth(plan.name)
        // In a new one nothing is but what has just been made, none of it up.
        await ip(missingInside(plan, isNew ? emptySide : await observeInside(plan.name), vmUid), plan.name)
      } catch (error) {
        // What was there before may have machines in it; what was begun here has none.
        if (isNew) await remove(plan.name).catch(() => {})
        throw error
      }
    },

    remove,

    async exists(name) {
      if ((await isThere(join(namespacesFolder, name))) || (await isThere(linkFolder(name)))) return true
      return (await tableNames()).includes(name)
    },

    async list(installation) {
      const mine = new RegExp(`^r${installation}-[0-9a-z]{1,7}$`)
      const [namespaces, links, tables] = await Promise.all([
        readdir(namespacesFolder).catch((): string[] => []),
        run(['ip', '-json', 'link', 'show', 'type', 'veth']),
        tableNames(),
      ])
      const names = [
        ...namespaces,
        ...parseJson<{ ifname?: string }[]>(links.stdout, []).map((link) => link.ifname ?? ''),
        ...tables,
      ]
      return [...new Set(names.filter((name) => mine.test(name)))].sort()
    },

    lease: (installation, runId, prefer) => leases.take(installation, runId, prefer),
    release: (installation, runId) => leases.release(installation, runId),
    leases: (installation) => leases.holders(installation),
    dial: dialTcp,
    datagrams: openDatagramFlow,
  }
}

async function remove(name: string): Promise<void> {
  checkName(name)
  // The pair goes with either of its ends, even while a dying VM still holds the namespace.
  await runUnlessGone(['ip', 'link', 'delete', 'dev', name])
  await Promise.all([
    runUnlessGone(['ip', 'netns', 'delete', name]),
    run(['nft', '-f', '-'], { stdin: `add table inet ${name}\ndelete table inet ${name}\n` }),
  ])
}

interface NftListing {
  readonly nftables: readonly {
    readonly table?: { readonly name: string }
    readonly chain?: { readonly family: string; readonly table: string; readonly name: string }
    readonly rule?: { readonly family: string; readonly table: string }
  }[]
}

async function tableNames(): Promise<string[]> {
  const { stdout } = await run(['nft', '-j', 'list', 'tables'])
  return parseJson<NftListing>(stdout, { nftables: [] }).nftables.map((item) => item.table?.name ?? '')
}

/** `ip -json` prints nothing at all instead of an empty list. */
const parseJson = <T>(text: string, empty: T): T => (text.trim() === '' ? empty : (JSON.parse(text) as T))

async function namespaceExists(name: string): Promise<boolean> {
  return statfs(join(namespacesFolder, name)).then(
    (found) => found.type === nsfsMagic,
    () => false,
  )
}

/** True when it was not there. */
async function makeNamespace(name: string): Promise<boolean> {
  if (await namespaceExists(name)) return false
  await rm(join(namespacesFolder, name), { force: true })
  await run(['ip', 'netns', 'add', name])
  return true
}

/** Before anything in it is up. -e: a kernel without IPv6 lacks its settings. */
async function settle(name: string): Promise<void> {
  await run(['ip', 'netns', 'exec', name, 'sysctl', '-e', '-q', '-w', ...namespaceSettings])
}

async function observe(options: readonly string[], device: readonly string[]): Promise<Observed> {
  const [links, routes] = await Promise.all([
    run(['ip', ...options, '-json', '-details', 'address', 'show', ...device]),
    run(['ip', ...options, '-json', 'route', 'show', ...device]),
  ])
  return {
    links: parseJson<ObservedLink[]>(links.stdout, []).filter((link) => link.ifname !== undefined),
    routes: parseJson<ObservedRoute[]>(routes.stdout, []).map((route) => (device[1] ? { ...route, dev: device[1] } : route)),
  }
}

const observeInside = (name: string) => observe(['-n', name], [])

async function observeHost(name: string): Promise<Observed> {
  // The usual case of a start costs no process.
  if (!(await isThere(linkFolder(name)))) return emptySide
  try {
    return await observe([], ['dev', name])
  } catch (error) {
    if (isGone(error)) return emptySide
    throw error
  }
}

/** `ip` and `ip netns` have one exit code for everything; LC_ALL=C makes their sentences stable. */
const isGone = (error: unknown) =>
  error instanceof ProcessFailed && /does not exist|Cannot find device|No such file or directory/.test(error.stderr)

async function runUnlessGone(argv: readonly [string, ...string[]]): Promise<void> {
  try {
    await run(argv)
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

async function ip(lines: readonly string[], namespace?: string): Promise<void> {
  if (lines.length === 0) return
  await run(['ip', ...(namespace === undefined ? [] : ['-n', namespace]), '-batch', '-'], { stdin: `${lines.join('\n')}\n` })
}

const nft = (args: readonly string[], namespace?: string): readonly [string, ...string[]] =>
  namespace === undefined ? ['nft', ...args] : ['ip', 'netns', 'exec', namespace, 'nft', ...args]

async function loadRules(rules: Ruleset, namespace?: string): Promise<void> {
  await run(nft(['-f', '-'], namespace), { stdin: rules.file })
}

/** The markers tell that the tables were made from these rules, the counts that nobody took any away. In a namespace all tables are ours, on the host one is. */
async function rulesStand({ tables }: Ruleset, namespace?: string): Promise<boolean> {
  const [only] = tables
  const what = namespace === undefined && only ? ['table', only.family, only.name] : ['ruleset']
  // Terse: without what guests put into sets.
  const listed = await run(nft(['-j', '-t', 'list', ...what], namespace), { okCodes: [0, 1] })
  const items = parseJson<NftListing>(listed.stdout, { nftables: [] }).nftables
  return tables.every(({ family, name, marker, rules }) => {
    const isOf = (item: { family: string; table: string } | undefined) => item?.family === family && item.table === name
    return (
      items.some(({ chain }) => isOf(chain) && chain?.name === marker) && items.filter(({ rule }) => isOf(rule)).length === rules
    )
  })
}

/** Strict reverse paths and no IPv6 on the host's end, whatever the host's defaults are. */
async function settleVeth(name: string): Promise<void> {
  await writeFile(join(linkFolder(name), 'rp_filter'), '1')
  await writeFile(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, '1').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}

/** The one setting of the host itself that machines need to get out. Left as it is afterwards: others may rely on it by then. */
async function forwardOnHost(): Promise<void> {
  const setting = '/proc/sys/net/ipv4/ip_forward'
  if ((await readFile(setting, 'utf8')).trim() !== '1') await writeFile(setting, '1')
}

import { availableParallelism } from 'node:os'
import type { RunLimits } from '../cgroup/cgroups.ts'
import { planLimits } from '../cgroup/plan-limits.ts'
import { kernelWords } from '../guest/boot/kernel-words.ts'
import type { KernelPack } from '../image/cache/artefact.ts'
import type { RunNames } from '../network/dns/resolvers.ts'
import type { NetworkPlan } from '../network/network.ts'
import { planNetwork } from '../network/plan.ts'
import type { VmSpec } from '../vmm/vmm.ts'
import { type HostParts, hostName } from './host-parts.ts'
import type { LiveMachine, LiveRun } from './live-run.ts'
import { namesFolder } from './run-folder.ts'
import type { RunRecord } from './run-record.ts'
import type { RunStore } from './run-store.ts'
import { vmSpec } from './vm-spec.ts'

/** Handed to every step of a run. */
export interface RunContext {
  readonly host: HostParts
  readonly store: RunStore
  readonly live: LiveRun
  /** Names of the machines that the workflow is about: all of the run, or the one that is started or stopped. */
  readonly machines: ReadonlySet<string>
  readonly signal: AbortSignal
  /** Called after each part of a step, for crash tests. It may throw, or end the process. */
  afterStep(name: string): void | Promise<void>
  /** Called with the progress of a long step. */
  report(message: string, percent: number): void
  /** Called with a sentence for people when something did not go as planned. */
  warn(message: string): void
}

/** Those of the workflow's machines that are on. */
export const targets = ({ live, machines }: Pick<RunContext, 'live' | 'machines'>): LiveMachine[] =>
  live.all().filter(({ name }) => machines.has(name))

export function networkPlan(host: HostParts, run: RunRecord): NetworkPlan {
  if (run.lease === undefined) throw new Error(`run ${run.id} has no addresses leased`)
  return planNetwork(hostName(host.installation, run.shortId), run.lease, run.plan)
}

/** Address of a machine on the host. */
export const addressOf = (host: HostParts, run: RunRecord, machine: string): string | undefined =>
  run.lease === undefined ? undefined : networkPlan(host, run).machines.find(({ name }) => name === machine)?.hostAddress

export const runLimits = (host: HostParts, run: RunRecord): RunLimits =>
  planLimits(run, networkPlan(host, run), host.vmmFor, availableParallelism())

export async function runNames(host: HostParts, run: RunRecord): Promise<RunNames> {
  const nameservers = await host.nameservers()
  const network = networkPlan(host, run)
  const [groups, uid] = [host.cgroups.groups(network.name), await host.uids.take(run.id)]
  return { folder: namesFolder(host.home, run.id), network, nameservers, groups, uid }
}

export function specOf(host: HostParts, run: RunRecord, machine: string, pack: KernelPack): VmSpec {
  const network = networkPlan(host, run)
  return { ...vmSpec(host.home, run, machine, network, pack, kernelWords), groups: host.cgroups.groups(network.name) }
}

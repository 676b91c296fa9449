import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { planNames } from '../network/dns/name-plan.ts'
import type { NetworkPlan } from '../network/network.ts'
import type { RunLimits } from './cgroups.ts'
import { type MemoryOfVm, runMemoryBytes } from './run-memory.ts'

/** Room for the page cache of drives. The kernel counts it in the group, though it can reclaim it at once; without it a guest's disk would crawl. */
const cacheBytes = 256 * 1024 ** 2
/** A CPU of a guest counts as one of the host's threads. With half of that, three VMs beside a busy compiler lost their connections (measured). */
const weightOfCpu = 100
/** The lowest weight (cgroup-v2.rst, "cpu.weight"): a hundredth of one thread. */
const leastWeight = 1
/** CPU for QEMU's main loop, disk and network work, besides the guest's CPUs. */
const percentBesideCpus = 50
/** QEMU's pool of disk threads ends at 64 (util/thread-pool.c); the rest are its CPUs, its main loop and its timers. */
const tasksOfVm = 128
/** dnsmasq takes 20 questions over TCP at once, each in a child (MAX_PROCS of its config.h); and two processes of its jail. */
const tasksOfView = 24

/**
 * Pure. `hostThreads`: the share of a run against other runs ends there, however many CPUs its machines have. Otherwise a run's share would be what it asks for:
 * of two threads, one ordinary process beside a run of 160 CPUs would get a hundredth.
 */
export function planLimits(
  { plan, isBackground }: { readonly plan: RunPlan; readonly isBackground: boolean },
  network: NetworkPlan,
  vmmFor: MemoryOfVm,
  hostThreads: number,
): RunLimits {
  const cpus = plan.machines.reduce((sum, { cpuCount }) => sum + cpuCount, 0)
  const { views } = planNames(network)
  return {
    name: network.name,
    memoryBytes: runMemoryBytes(plan, vmmFor) + cacheBytes,
    cpuWeight: isBackground ? leastWeight : Math.min(cpus, hostThreads) * weightOfCpu,
    cpuPercent: cpus * 100 + plan.machines.length * percentBesideCpus,
    tasks: plan.machines.length * tasksOfVm + cpus + views.length * tasksOfView,
  }
}

import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { planNames } from '../network/dns/name-plan.ts'
import type { NetworkPlan } from '../network/network.ts'
import type { RunLimits } from './cgroups.ts'
import { type MemoryOfVm, runMemoryBytes } from './run-memory.ts'

/** Counted in the group too, though the kernel takes it back at once: the page cache of drives, without which a guest's disk would crawl. */
const cacheBytes = 256 * 1024 ** 2
/** A CPU of a guest counts as one of the host's threads. With half of that, three VMs beside a busy compiler lost their connections (measured). */
const weightOfCpu = 100
/** The least there is (cgroup-v2.rst, "cpu.weight"): a hundredth of one thread. */
const leastWeight = 1
/** QEMU's main loop, its disk and network work, beside the guest's CPUs. */
const percentBesideCpus = 50
/** QEMU's pool of disk threads ends at 64 (util/thread-pool.c); the rest are its CPUs, its main loop and its timers. */
const tasksOfVm = 128
/** dnsmasq takes 20 questions over TCP at once, each in a child (MAX_PROCS of its config.h). */
const tasksOfView = 22

/** Pure. */
export function planLimits(
  { plan, isBackground }: { readonly plan: RunPlan; readonly isBackground: boolean },
  network: NetworkPlan,
  vmmFor: MemoryOfVm,
): RunLimits {
  const cpus = plan.machines.reduce((sum, { cpuCount }) => sum + cpuCount, 0)
  const { views } = planNames(network)
  return {
    name: network.name,
    memoryBytes: runMemoryBytes(plan, vmmFor) + cacheBytes,
    cpuWeight: isBackground ? leastWeight : cpus * weightOfCpu,
    cpuPercent: cpus * 100 + plan.machines.length * percentBesideCpus,
    tasks: plan.machines.length * tasksOfVm + cpus + views.length * tasksOfView,
  }
}

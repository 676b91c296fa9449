import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { samplePlan } from '../testing/sample-plan.ts'
import { parseMounts, settings } from './hierarchies.ts'
import { planLimits } from './plan-limits.ts'
import { runMemoryBytes } from './run-memory.ts'

const plan = {
  networks: [],
  machines: [
    { name: 'small', cpuCount: 1, ramMiB: 512 },
    { name: 'big', cpuCount: 2, ramMiB: 1024 },
  ],
} as unknown as RunPlan
const mib = 1024 ** 2

test('a run is counted with the RAM of its machines and what the VM of each takes besides', () => {
  assert.equal(
    runMemoryBytes(plan, () => ({ overheadMiB: 0 })),
    1536 * mib,
  )
  const vmmFor = (machine: string) => ({ overheadMiB: machine === 'big' ? 100 : 5 })
  assert.equal(runMemoryBytes(plan, vmmFor), (1536 + 105) * mib)
})

test('limits fit the machines', () => {
  const overhead = () => ({ overheadMiB: 9 })
  const limits = planLimits({ plan, isBackground: false }, samplePlan, overhead, 8)
  assert.equal(limits.name, samplePlan.name)
  assert.ok(limits.memoryBytes > (1536 + 18) * mib)
  assert.equal(limits.cpuPercent, 400)
  assert.equal(limits.cpuWeight, 300)
  assert.equal(planLimits({ plan, isBackground: true }, samplePlan, overhead, 8).cpuWeight, 1)
})

test('a run weighs no more than all threads of the host, however many CPUs it asks for', () => {
  const machines = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, cpuCount: 32, ramMiB: 512 }))
  const big = { networks: [], machines } as unknown as RunPlan
  const weight = (hostThreads: number) =>
    planLimits({ plan: big, isBackground: false }, samplePlan, () => ({ overheadMiB: 0 }), hostThreads).cpuWeight
  assert.equal(weight(2), 200)
  assert.equal(weight(64), 6400)
})

test('a v2 tree has all in its one group, v1 trees each their own', () => {
  const limits = { name: 'r1a2b-3c', memoryBytes: 512 * mib, cpuWeight: 50, cpuPercent: 150, tasks: 300 }
  const v2 = { version: 'v2', root: '/sys/fs/cgroup', controllers: ['memory', 'cpu', 'pids'] } as const
  assert.deepEqual(Object.fromEntries(settings(v2, limits)), {
    'memory.max': '536870912',
    'cpu.weight': '50',
    'cpu.max': '150000 100000',
    'pids.max': '300',
  })
  assert.deepEqual(Object.fromEntries(settings({ version: 'v1', root: '/x', controllers: ['cpu'] }, limits)), {
    'cpu.shares': '512',
    'cpu.cfs_period_us': '100000',
    'cpu.cfs_quota_us': '150000',
  })
})

test('trees are found among the mounts, also where two controllers share one', () => {
  const mounts = `cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0
tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n`
  assert.deepEqual(
    parseMounts(mounts).map((each) => [each.version, each.root, each.version === 'v1' ? each.controllers : 'all']),
    [
      ['v2', '/sys/fs/cgroup/unified', 'all'],
      ['v1', '/sys/fs/cgroup/cpu,cpuacct', ['cpu']],
      ['v1', '/sys/fs/cgroup/pids', ['pids']],
    ],
  )
})

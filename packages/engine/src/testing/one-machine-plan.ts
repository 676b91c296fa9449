import type { PlanInterface, RunPlan } from '@ramet/model/plan/run-plan.ts'

const gib = 1024 ** 3

/** Returns a plan of the machine `one`, a Debian of 512 MiB, for tests. Pure. */
export const oneMachinePlan = (interfaces: readonly PlanInterface[]): RunPlan => ({
  version: 1,
  networks: [{ name: 'local', subnet: '172.16.0.0/24', gateway: '172.16.0.1', private: false }],
  machines: [
    {
      name: 'one',
      users: [{ name: 'root', default: true }],
      cpuCount: 1,
      ramMiB: 512,
      noSSH: false,
      drives: [{ source: 'debian-stable', mount: '/', sizeBytes: 20 * gib, readOnly: false }],
      interfaces,
      startupFiles: [],
    },
  ],
})

import type { RunPlan } from '@ramet/model/plan/run-plan.ts'

/** For tests: the plan of a run of one machine `m` with empty drives of these sizes. */
export const planWithDrives = (sizesBytes: readonly number[]): RunPlan => ({
  version: 1,
  networks: [],
  machines: [
    {
      name: 'm',
      users: [{ name: 'root', default: true }],
      cpuCount: 1,
      ramMiB: 128,
      noSSH: false,
      drives: sizesBytes.map((sizeBytes) => ({ sizeBytes, readOnly: false })),
      interfaces: [],
      startupFiles: [],
    },
  ],
})

import type { Host, PerformRequest, WorkflowName } from '@ramet/engine'

/** For tests: a host whose machines come and go within some turns of the event loop; nothing is really there. `turns`: how many a workflow takes. */
export function stubHost(turns: () => number): Host {
  const on = new Map<string, Set<string>>()
  const machinesOf = (runId: string) => {
    const found = on.get(runId) ?? new Set<string>()
    on.set(runId, found)
    return found
  }
  const host: Partial<Host> = {
    async perform(workflow: WorkflowName, { runId, machines, store, signal }: PerformRequest) {
      for (let left = turns(); left > 0; left -= 1) {
        signal.throwIfAborted()
        await new Promise((resolve) => setImmediate(resolve))
      }
      signal.throwIfAborted()
      const there = machinesOf(runId)
      for (const machine of machines) {
        if (['start', 'resume', 'machine-start'].includes(workflow)) there.add(machine)
        if (!['keep', 'start', 'resume', 'machine-start', 'machine-reboot'].includes(workflow)) there.delete(machine)
      }
      if (workflow === 'destroy') await store.forgetDrives()
      return {}
    },
    async observe(runId, store) {
      const there = machinesOf(runId)
      const { plan } = await store.read()
      return plan.machines.map(({ name }) => ({ machine: name, end: there.has(name) ? undefined : 'powered-off' }))
    },
    on: (runId) => [...machinesOf(runId)].map((machine) => ({ machine, isReady: true })),
    events: () => () => {},
    settleCut: async () => ({ taken: [], notTaken: [] }),
    forget() {},
    canKeepMemory: () => false,
    memoryOf: () => 1,
  }
  return host as Host
}

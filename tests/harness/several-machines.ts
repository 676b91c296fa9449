import { createPlayground, debianMachine } from './create-playground.ts'
import type { TestServer } from './server.ts'

/** A playground of this many machines `m1`, `m2`… on one network, with init tasks that need each other across them. Returns its name. */
export function severalMachines(server: TestServer, count: number): Promise<string> {
  const machines = Array.from({ length: count }, (_, index) =>
    debianMachine(`m${index + 1}`, { network: { interfaces: [{ network: 'lan' }] } }),
  )
  return createPlayground(server, {
    name: `several-${count}`,
    title: 'Several machines',
    networks: [{ name: 'lan', subnet: '10.10.0.0/24' }],
    machines,
    initTasks: {
      first: { machine: 'm1', run: 'sleep 1\necho first', init: true },
      second: { machine: 'm2', run: 'hostname', needs: ['first'], init: true },
    },
  })
}

import { createPlayground, debianMachine } from './create-playground.ts'
import type { TestServer } from './server.ts'

export const machines = ['app', 'db'] as const
/** Where each machine's two drives are mounted. */
export const mounts = ['/', '/data'] as const

/** Makes a playground of two machines with two drives each on one network, and returns its name. */
export function createTwoMachines(server: TestServer): Promise<string> {
  return createPlayground(server, {
    name: 'two',
    title: 'Two machines',
    networks: [{ name: 'lan', subnet: '10.10.0.0/24' }],
    machines: machines.map((name) =>
      debianMachine(name, {
        drives: [
          { source: 'debian-stable', mount: '/', size: '8GiB' },
          { mount: '/data', size: '8GiB' },
        ],
        network: { interfaces: [{ network: 'lan' }] },
        resources: { cpuCount: 1, ramSize: '320MiB' },
      }),
    ),
  })
}

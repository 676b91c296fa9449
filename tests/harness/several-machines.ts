import type { TestServer } from './server.ts'

/** A playground of this many machines `m1`, `m2`… on one network, with init tasks that need each other across them. Returns its name. */
export async function severalMachines(server: TestServer, count: number): Promise<string> {
  const machines = Array.from({ length: count }, (_, index) => ({
    name: `m${index + 1}`,
    users: [{ name: 'root' }],
    drives: [{ source: 'debian-stable', mount: '/' }],
    network: { interfaces: [{ network: 'lan' }] },
  }))
  const { name } = await (await server.client()).playgrounds.create({
    name: `several-${count}`,
    base: 'flexbox',
    title: 'Several machines',
    networks: [{ name: 'lan', subnet: '10.10.0.0/24' }],
    machines,
    initTasks: {
      first: { machine: 'm1', run: 'sleep 1\necho first', init: true },
      second: { machine: 'm2', run: 'hostname', needs: ['first'], init: true },
    },
    accessControl: { canList: ['owner'], canRead: ['owner'], canStart: ['owner'] },
  })
  return name
}

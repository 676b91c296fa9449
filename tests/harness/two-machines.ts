import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestServer } from './server.ts'

export const machines = ['app', 'db'] as const
/** Where each machine's two drives are mounted. */
export const mounts = ['/', '/data'] as const

const machine = (name: string) => `
    - name: ${name}
      users: [{name: root}]
      drives: [{source: debian-stable, mount: /, size: 8GiB}, {mount: /data, size: 8GiB}]
      network: {interfaces: [{network: lan}]}
      resources: {cpuCount: 1, ramSize: 320MiB}`

/** Makes a playground of two machines with two drives each on one network, and returns its name. */
export async function createTwoMachines(server: TestServer): Promise<string> {
  const file = join(server.home, 'two-machines.yaml')
  await writeFile(
    file,
    `kind: playground
title: Two machines
playground:
  networks: [{name: lan, subnet: 10.10.0.0/24}]
  machines:${machines.map(machine).join('')}
  accessControl: {canList: [owner], canRead: [owner], canStart: [owner]}
`,
  )
  return (await server.ok('playground', 'create', 'two', '-b', 'flexbox', '-f', file, '-q')).trim()
}

import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { isThere, writeFileAtomically } from '../../disk/files.ts'
import { Leases } from '../../network/lease.ts'
import type { Networks } from '../../network/network.ts'

/** Networks that are files below `folder`, so that what leaks can be counted. Leases are claimed as the real ones are. */
export function fakeNetworks(folder: string): Networks {
  const made = join(folder, 'networks')
  const fileOf = (name: string) => join(made, `${name}.json`)
  const leases = new Leases({ pool: '198.18.0.0/16', folder: join(folder, 'leases'), used: async () => [] })
  return {
    async ready(plan) {
      const text = await readFile(fileOf(plan.name), 'utf8').catch(() => '')
      return text === JSON.stringify(plan)
    },
    async make(plan) {
      await mkdir(made, { recursive: true })
      await writeFileAtomically(fileOf(plan.name), JSON.stringify(plan))
    },
    async remove(name) {
      await rm(fileOf(name), { force: true })
    },
    exists: (name) => isThere(fileOf(name)),
    async list(installation) {
      const files = await readdir(made).catch((): string[] => [])
      return files
        .filter((file) => file.startsWith(`r${installation}-`) && file.endsWith('.json'))
        .map((file) => file.slice(0, -5))
    },
    lease: (installation, runId, prefer) => leases.take(installation, runId, prefer),
    release: (installation, runId) => leases.release(installation, runId),
    // The address may be a real machine's of another server. The link gets there.
    dial: async () => 'unreachable',
    // As TCP's: a pretend machine's port 7 sends back what comes, on any other nobody listens.
    datagrams: async (_address, port) =>
      new Duplex({
        objectMode: true,
        read() {},
        write(datagram: Buffer, _encoding, done) {
          if (port === 7) this.push(datagram)
          done()
        },
      }),
    leases: (installation) => leases.holders(installation),
  }
}

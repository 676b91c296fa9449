import { rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { requireSpace } from '../disk/space.ts'
import { unpackRam } from '../snapshot/ram-file.ts'
import type { SnapshotMachine } from '../snapshot/snapshot-record.ts'
import { NotResumed } from './not-resumed.ts'
import type { RunContext } from './run-context.ts'
import type { RunRecord } from './run-record.ts'
import type { Step } from './steps.ts'

/** Unpacks memory that was compressed because it was not used for long. Without space for the plain memory the start fails and the compressed one stays. */
export const unpackMemory: Step<RunContext> = {
  name: 'unpack-memory',
  message: 'Unpacking memory that was not used for long',
  async done({ store }) {
    return packedOf(await store.read()).length === 0
  },
  async do(context) {
    const packed = packedOf(await context.store.read())
    const total = packed.reduce((sum, { ramBytes }) => sum + ramBytes, 0)
    await requireSpace(context.host.home, total)
    let done = 0
    for (const machine of packed) {
      await unpack(context, machine, (bytes) => context.report(unpackMemory.message, Math.floor((100 * (done + bytes)) / total)))
      done += machine.ramBytes
    }
  },
}

async function unpack(
  { host: { home }, store, signal }: RunContext,
  { name, memory, ramBytes, ramDigest }: SnapshotMachine,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const ram = await unpackRam(join(home, memory.ramFile), ramBytes, { signal, isUrgent: true, onProgress }).catch(
    async (error) => {
      // Another clone that resumes the same snapshot was first: the compressed file is gone.
      if (packedOf(await store.read()).some((each) => each.name === name)) throw error
    },
  )
  if (!ram) return
  if (ramDigest !== undefined && ram.digest !== ramDigest) {
    await rm(ram.path)
    throw new NotResumed(`Its memory could not be resumed: the memory of ${name} is damaged.`)
  }
  const { resume } = await store.read()
  const { path, ...rest } = ram
  if (resume) await store.saveUnpacked(resume, name, { ...rest, file: relative(home, path) })
}

const packedOf = ({ resume }: RunRecord) => resume?.machines.filter(({ isPacked }) => isPacked) ?? []

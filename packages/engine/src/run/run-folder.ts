import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

/** Where a run's files are, below RAMET_HOME. Machines go by index, so that socket paths stay below the 108 bytes of unix(7). */
export const runsFolder = (home: string) => join(home, 'runs')
export const runFolder = (home: string, runId: string) => join(runsFolder(home), runId)
/** Sockets, record, console logs of one VM. All folders of a run belong to root, who alone passes them. */
export const machineFolder = (home: string, runId: string, machineIndex: number) =>
  join(runFolder(home, runId), 'machines', String(machineIndex))
export const initrdFile = (home: string, runId: string, machineIndex: number) =>
  join(runFolder(home, runId), `initrd-${machineIndex}`)
/** Configuration and pid files of the run's resolvers. */
export const namesFolder = (home: string, runId: string) => join(runFolder(home, runId), 'names')
export const overlaysFolder = (home: string, runId: string) => join(runFolder(home, runId), 'drives')
/**
 * Returns a unique name for an overlay, kept in `drives.overlay` of the store. The file of an earlier overlay, which may still be there after a seal, is never
 * mistaken for the new one.
 */
export const newOverlayName = (machine: string, driveIndex: number) =>
  `${machine}-${driveIndex}-${randomBytes(4).toString('hex')}.qcow2`

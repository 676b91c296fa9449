import { join } from 'node:path'

/** Where snapshots are, below RAMET_HOME. One in the making has a temporary name; machines go by their index in the run. */
export const snapshotsFolder = (home: string) => join(home, 'snapshots')
export const snapshotFolder = (home: string, snapshotId: string) => join(snapshotsFolder(home), snapshotId)
export const ramFileName = (machineIndex: number) => `${machineIndex}.ram`
export const stateFileName = (machineIndex: number) => `${machineIndex}.state`

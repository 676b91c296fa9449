import { join } from 'node:path'

/** Paths of snapshots below RAMET_HOME. An unfinished snapshot has a temporary name; machines are named by their index in the run. */
export const snapshotsFolder = (home: string) => join(home, 'snapshots')
export const snapshotFolder = (home: string, snapshotId: string) => join(snapshotsFolder(home), snapshotId)
export const ramFileName = (machineIndex: number) => `${machineIndex}.ram`
export const stateFileName = (machineIndex: number) => `${machineIndex}.state`

import { rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder, temporarySuffix } from '../disk/files.ts'
import type { RunContext } from './run-context.ts'
import { runFolder } from './run-folder.ts'
import type { Journey, Step } from './steps.ts'
import { endMachines, endNames, releaseAddresses, removeBounds, removeNetwork } from './stop.ts'

/** Rows go first: a drive that is in the store has its files, never the other way round. */
const forgetDrives: Step<RunContext> = {
  name: 'forget-drives',
  message: 'Giving up the drives’ layers',
  async done({ book }) {
    return (await book.read()).drives.length === 0
  },
  async do({ book }) {
    await book.forgetDrives()
  },
}

const deleteFiles: Step<RunContext> = {
  name: 'delete-files',
  message: 'Deleting the run’s files',
  async done({ host, book }) {
    const folder = runFolder(host.home, (await book.read()).id)
    return Promise.all(
      [folder, folder + temporarySuffix].map((path) =>
        stat(path).then(
          () => false,
          () => true,
        ),
      ),
    ).then((gone) => gone.every(Boolean))
  },
  async do({ host, book }) {
    const folder = runFolder(host.home, (await book.read()).id)
    const doomed = folder + temporarySuffix
    await rm(doomed, { recursive: true, force: true })
    await rename(folder, doomed).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    await syncFolder(dirname(folder))
    await rm(doomed, { recursive: true, force: true })
  },
}

export const destroyJourney: Journey<RunContext> = {
  name: 'destroy',
  steps: [endMachines, endNames, removeBounds, removeNetwork, releaseAddresses, forgetDrives, deleteFiles],
}

import { lstat, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder, temporarySuffix } from '../disk/files.ts'
import { removeTree } from '../disk/remove-tree.ts'
import type { RunContext } from './run-context.ts'
import { runFolder } from './run-folder.ts'
import type { Step, Workflow } from './steps.ts'
import { endMachines, releaseAddresses, releaseHost } from './stop.ts'

/** Removes rows before files, so that every drive in the store has its files. */
const forgetDrives: Step<RunContext> = {
  name: 'forget-drives',
  message: 'Giving up the drives’ layers',
  async done({ store }) {
    return (await store.read()).drives.length === 0
  },
  async do({ store }) {
    await store.forgetDrives()
  },
}

const deleteFiles: Step<RunContext> = {
  name: 'delete-files',
  message: 'Deleting the run’s files',
  async done({ host, store }) {
    const folder = runFolder(host.home, (await store.read()).id)
    return Promise.all(
      [folder, folder + temporarySuffix].map((path) =>
        lstat(path).then(
          () => false,
          () => true,
        ),
      ),
    ).then((gone) => gone.every(Boolean))
  },
  async do({ host, store }) {
    const folder = runFolder(host.home, (await store.read()).id)
    const doomed = folder + temporarySuffix
    await removeTree(doomed)
    await rename(folder, doomed).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    await syncFolder(dirname(folder))
    await removeTree(doomed)
  },
}

export const destroyWorkflow: Workflow<RunContext> = {
  name: 'destroy',
  steps: [endMachines, releaseHost, releaseAddresses, forgetDrives, deleteFiles],
}

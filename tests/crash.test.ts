import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fakeHostFolder } from '@ramet/engine/testing'
import { stepNames } from '@ramet/server/reconcile/step-names.ts'
import { crashSuite } from './crash-steps.ts'
import { vmProcesses } from './harness/leftovers.ts'

crashSuite({
  title: 'on the fake world, a server killed at any step',
  fake: true,
  machines: 5,
  // A guest that obeys its power button leaves this one nothing to do; `destroy/end-machines` is the same step, with machines to end.
  stepNames: stepNames.filter((name) => name !== 'stop/end-machines' && name !== 'machine-stop/end-machines'),
  async leftovers({ home }) {
    const filesIn = async (folder: string) =>
      (await readdir(folder).catch((): string[] => [])).map((entry) => join(folder, entry))
    const host = fakeHostFolder(home)
    return [
      ...(await filesIn(join(home, 'runs'))),
      ...(await filesIn(join(host, 'networks'))),
      ...(await filesIn(join(host, 'resolvers'))),
      ...(await filesIn(join(host, 'cgroups'))),
      ...(await filesIn(join(host, 'leases'))),
      ...(await vmProcesses(home)).map((pid) => `process ${pid}`),
    ]
  },
})

import { isRecord } from './plain-document.ts'

/**
 * Removes empty texts and zeros in place, where a field cannot mean them. Clients written in Go send and write fields so that were not set; `body` is the part
 * of a manifest that has them.
 */
export function dropEmptyFields(body: unknown): void {
  if (!isRecord(body)) return
  const clean = (item: unknown) => {
    if (!isRecord(item)) return
    for (const [key, value] of Object.entries(item)) if (value === '' || value === 0) delete item[key]
  }
  const each = (list: unknown): unknown[] => (Array.isArray(list) ? list : [])
  for (const key of ['title', 'description', 'markdown', 'cover', 'registryAuth']) if (body[key] === '') delete body[key]
  for (const item of [...each(body.networks), ...each(body.tabs), ...each(body.portForwards)]) clean(item)
  if (isRecord(body.initTasks)) for (const task of Object.values(body.initTasks)) clean(task)
  for (const machine of each(body.machines)) {
    if (!isRecord(machine)) continue
    if (machine.backend === '') delete machine.backend
    if (machine.kernel === '' || (isRecord(machine.kernel) && machine.kernel.source === '')) delete machine.kernel
    clean(machine.resources)
    for (const file of each(machine.startupFiles)) {
      // Its content may well be empty.
      if (isRecord(file)) for (const key of ['owner', 'mode', 'source']) if (file[key] === '') delete file[key]
    }
    for (const drive of each(machine.drives)) clean(drive)
    if (isRecord(machine.network)) for (const one of each(machine.network.interfaces)) clean(one)
  }
}

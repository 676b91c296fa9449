import { type Fault, fault, type Path } from '../errors/fault.ts'
import type { ManifestSpec } from './manifest.ts'

/** Each startup file says what is in it, once. `filesBeside`: a file beside the manifest can be read. */
export function startupFileFaults({ machines }: ManifestSpec, filesBeside: boolean): Fault[] {
  return machines.flatMap(({ startupFiles }, machine) =>
    startupFiles.flatMap(({ path: target, content, source }, index): Fault[] => {
      const path: Path = ['machines', machine, 'startupFiles', index]
      if (content === undefined && source === undefined)
        return [
          fault('missing_field', path, `The startup file ${target} has no content.`, 'Write it under `content`.', 'missing'),
        ]
      if (source === undefined) return []
      const where = [...path, 'source']
      if (content !== undefined)
        return [
          fault('invalid_value', where, `The startup file ${target} has its content twice.`, 'Leave `content` or `source` out.'),
        ]
      if (filesBeside) return []
      const message = `The file ${source} cannot be read from here: only a playground in a folder of the catalogue has files beside it.`
      return [fault('no_files_beside', where, message, 'Write its text under `content`.')]
    }),
  )
}

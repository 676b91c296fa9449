import { z } from 'zod'
import { unwritable } from './visible-text.ts'

/** Path of a file below a folder: no step of it leads out, and none is hidden. */
export const relativePathSchema = z
  .string()
  .max(1000)
  .superRefine((path, context) => {
    const found = unwritable(path, 'line')
    const message =
      found !== undefined
        ? `must be a path without control characters and ends of lines; there is ${found}`
        : path.split('/').some((name) => name === '' || name.startsWith('.'))
          ? 'must be the path of a file beside the manifest, such as files/nginx.conf'
          : undefined
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

import { z } from 'zod'
import { manifestSchema } from './manifest.ts'

/**
 * The JSON Schema (2020-12) of a manifest as it is written. Unknown fields are not allowed by it, so that an editor marks them; the platform warns of them and
 * goes on. What reaches across fields (networks, names, addresses) is beyond it.
 */
export function manifestJsonSchema(): object {
  return { title: 'Playground manifest', ...z.toJSONSchema(manifestSchema, { io: 'input', unrepresentable: 'any' }) }
}

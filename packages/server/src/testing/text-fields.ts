import type { z } from 'zod'

/** A text that a schema takes. */
export interface TextField {
  /** Such as `machines[].users[].name`; `*` is any other field. */
  readonly path: string
  /** Whatever parses it; undefined where anything is taken unseen. */
  readonly schema: z.core.$ZodType | undefined
}

const without = new Set(['number', 'int', 'boolean', 'enum', 'literal', 'null', 'undefined', 'never', 'bigint'])
const wrappers = new Set(['optional', 'nullable', 'default', 'prefault', 'readonly', 'nonoptional', 'catch'])

/** Every text that a schema takes, however deep. Throws for a kind of schema that it does not know. */
export function textFields(schema: z.core.$ZodType, path = ''): TextField[] {
  const { def } = schema._zod
  if (without.has(def.type)) return []
  if (wrappers.has(def.type)) return textFields((def as z.core.$ZodOptionalDef).innerType, path)
  switch (def.type) {
    case 'string':
      return [{ path, schema }]
    case 'unknown':
    case 'any':
      return [{ path, schema: undefined }]
    case 'object': {
      const { shape, catchall } = def as z.core.$ZodObjectDef
      const fields = Object.entries(shape).flatMap(([name, field]) => textFields(field, path === '' ? name : `${path}.${name}`))
      return catchall === undefined ? fields : [...fields, ...textFields(catchall, `${path}.*`)]
    }
    case 'array':
      return textFields((def as z.core.$ZodArrayDef).element, `${path}[]`)
    case 'record': {
      const { keyType, valueType } = def as z.core.$ZodRecordDef
      return [...textFields(keyType, `${path}{name}`), ...textFields(valueType, `${path}{}`)]
    }
    case 'union':
      return (def as z.core.$ZodUnionDef).options.flatMap((option) => textFields(option, path))
    case 'pipe': {
      const from = (def as z.core.$ZodPipeDef).in
      const isText = from._zod.def.type === 'string' || from._zod.def.type === 'union'
      return isText ? [{ path, schema }] : textFields(from, path)
    }
    default:
      throw new Error(`${path}: no rule for a schema of type ${def.type}`)
  }
}

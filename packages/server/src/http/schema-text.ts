type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const refName = (schema: Json): string | undefined => /([^/]+)$/.exec(String(schema.$ref ?? ''))?.[1]

/** A JSON schema in the notation of TypeScript, for readers. Names of other schemas are put between `<` and `>`. */
export function schemaText(schema: unknown, indent = ''): string {
  if (!isObject(schema)) return 'any'
  const name = refName(schema)
  if (name) return `<${name}>`
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if ('const' in schema) return JSON.stringify(schema.const)
  const options = schema.anyOf ?? schema.oneOf
  if (Array.isArray(options)) return [...new Set(options.map((option) => schemaText(option, indent)))].join(' | ')
  switch (schema.type) {
    case 'array':
      return isUnion(schema.items) ? `(${schemaText(schema.items, indent)})[]` : `${schemaText(schema.items, indent)}[]`
    case 'object':
      return objectText(schema, indent)
    case undefined:
      return 'any'
    default:
      return String(schema.type)
  }
}

const isUnion = (schema: unknown): boolean => isObject(schema) && ('anyOf' in schema || 'oneOf' in schema || 'enum' in schema)

function objectText({ properties, required, additionalProperties }: Json, indent: string): string {
  const fields = Object.entries(isObject(properties) ? properties : {})
  if (fields.length === 0)
    return isObject(additionalProperties) ? `{ [name]: ${schemaText(additionalProperties, indent)} }` : '{}'
  const needed = new Set(Array.isArray(required) ? required : [])
  const inner = `${indent}  `
  const lines = fields.map(([name, schema]) => `${inner}${name}${needed.has(name) ? '' : '?'}: ${schemaText(schema, inner)}`)
  return `{\n${lines.join('\n')}\n${indent}}`
}

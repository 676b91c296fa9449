interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
}
interface Operation {
  readonly summary: string
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
}
/** As much of an OpenAPI document as is read here. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

/** Calls of the API that the Python client stands on. `action`: one of those that a path takes. */
const calls = [
  { name: 'post_plays', method: 'post', path: '/api/plays' },
  { name: 'get_play', method: 'get', path: '/api/plays/{id}' },
  { name: 'post_clones', method: 'post', path: '/api/plays/{id}/clones' },
  { name: 'post_stop', method: 'post', path: '/api/plays/{id}/actions', action: 'stop' },
  { name: 'post_destroy', method: 'post', path: '/api/plays/{id}/actions', action: 'destroy' },
] as const

/** A Python class with a method a call, whose arguments are the fields of the API's description. Throws when the description has no such call. */
export function pythonRoutes(api: OpenApi): string {
  const methods = calls.map((call) => {
    const operation = api.paths[call.path]?.[call.method]
    if (!operation) throw new Error(`The API has no ${call.method} ${call.path}.`)
    const action = 'action' in call ? call.action : undefined
    const body = bodyOf(api, operation, action)
    const fields = Object.keys(body?.properties ?? {}).filter((name) => name !== 'action')
    const required = fields.filter((name) => body?.required?.includes(name))
    const optional = fields.filter((name) => !required.includes(name))
    const parameters = [...call.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
    const words = [
      'self',
      ...parameters,
      ...required.map(snake),
      ...(optional.length > 0 ? ['*', ...optional.map((name) => `${snake(name)}=None`)] : []),
    ]
    const path = call.path.replace(/\{(\w+)\}/g, "{quote($1, safe='')}")
    const values = [...(action ? [`"action": "${action}"`] : []), ...fields.map((name) => `"${name}": ${snake(name)}`)]
    const sent = body ? `, _given({${values.join(', ')}})` : ''
    return `    def ${call.name}(${words.join(', ')}):
        """${operation.summary}."""
        return self._ask("${call.method.toUpperCase()}", f"${path}"${sent})
`
  })
  return `"""Made from docs/openapi.json by scripts/packing/python-routes.ts."""

from urllib.parse import quote


def _given(body):
    return {name: value for name, value in body.items() if value is not None}


class Routes:
${methods.join('\n')}`
}

function bodyOf(api: OpenApi, { requestBody }: Operation, action: string | undefined): Schema | undefined {
  const schema = resolve(api, requestBody?.content['application/json']?.schema)
  if (!schema || action === undefined) return schema
  const found = (schema.oneOf ?? schema.anyOf ?? []).find(({ properties }) => properties?.action?.const === action)
  if (!found) throw new Error(`The API has no action ${action}.`)
  return found
}

const resolve = (api: OpenApi, schema: Schema | undefined): Schema | undefined =>
  schema?.$ref === undefined ? schema : api.components.schemas[schema.$ref.split('/').at(-1) ?? '']

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

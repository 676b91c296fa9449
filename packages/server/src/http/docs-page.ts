import { routes } from '@ramet/model/api/routes.ts'
import type { FastifyInstance } from 'fastify'
import { escaped, sendPage } from './html-page.ts'
import { schemaText } from './schema-text.ts'

type Json = Record<string, unknown>

interface Operation {
  readonly summary: string
  readonly 'x-permission': string
  readonly 'x-websocket'?: boolean
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: Json }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Json }>> }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Json }>> }>>
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Json>> }
}

/** Serves the description of the API for programs, and as a page for people. Neither is a secret. `describe` is called when the first one asks. */
export function serveDescription(app: FastifyInstance, describe: () => Json): void {
  let described: Json | undefined
  const description = () => {
    described ??= describe()
    return described
  }
  app.get(routes.openApi(), async () => description())
  let body: string | undefined
  app.get(routes.docs(), async (_, reply) => {
    body ??= docsBody(description() as unknown as Description)
    return sendPage(reply, 'The API of Ramet', body)
  })
}

/** `plays` of `/api/plays/…`; what is not below /api is about the login of agents. */
const groupOf = (path: string) => (path.startsWith('/api/') ? (path.split('/')[2] ?? '') : 'agents')

/** The page's body, as HTML. Pure. */
function docsBody({ paths, components }: Description): string {
  const groups = Object.entries(Object.groupBy(Object.entries(paths), ([path]) => groupOf(path))).toSorted()
  const names = groups.map(([group]) => `<a href="#${escaped(group)}">${escaped(group)}</a>`)
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `<h3 id="schema-${escaped(name)}">${escaped(name)}</h3>\n${shape(schema)}`,
  )
  return `<p>Requests carry <code>Authorization: Bearer TOKEN</code>, or Basic with the token as password. Bodies are JSON, whatever their Content-Type; a failed request is answered with
<a href="#schema-ErrorBody">ErrorBody</a>. For programs: <a href="${routes.openApi()}">OpenAPI 3.1</a>.</p>
<p>${names.join(' · ')} · <a href="#schemas">shapes</a></p>
${groups.map(([group, entries = []]) => `<h2 id="${escaped(group)}">${escaped(group)}</h2>\n${entries.map(([path, methods]) => operations(path, methods)).join('\n')}`).join('\n')}
<h2 id="schemas">Shapes</h2>
${schemas.join('\n')}`
}

const operations = (path: string, methods: Readonly<Record<string, Operation>>): string =>
  Object.entries(methods)
    .map(([method, operation]) => {
      const name = operation['x-websocket'] ? 'websocket' : method.toUpperCase()
      const query = operation.parameters.filter((parameter) => parameter.in === 'query')
      return `<h3><span class="method">${name}</span> <code>${escaped(path)}</code></h3>
<p>${escaped(operation.summary)}. <span class="muted">${who(operation['x-permission'])}</span></p>
${query.length === 0 ? '' : `<p>Query: ${query.map(({ name, schema }) => `<code>${escaped(name)}</code>: ${linked(schema)}`).join(', ')}</p>`}
${details('Body', operation.requestBody?.content)}
${details('Answer', operation.responses['200']?.content)}`
    })
    .join('\n')

const who = (permission: string) => (permission === 'anyone' ? 'Anyone may ask.' : `Permission: ${escaped(permission)}.`)

const details = (title: string, content: Readonly<Record<string, { readonly schema: Json }>> | undefined): string =>
  Object.entries(content ?? {})
    .map(
      ([type, { schema }]) =>
        `<details><summary>${title}${type === 'application/json' ? '' : ` (${escaped(type)})`}</summary>${shape(schema)}</details>`,
    )
    .join('\n')

const shape = (schema: Json): string => `<pre>${linked(schema)}</pre>`

/** A schema's text, in which names lead to their shapes. */
const linked = (schema: Json): string =>
  escaped(schemaText(schema)).replace(/&#60;(\w+)&#62;/g, (_, name: string) => `<a href="#schema-${name}">${name}</a>`)

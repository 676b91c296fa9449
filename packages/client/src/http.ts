import { errorBodySchema, fromErrorBody, RametError } from '@ramet/model/errors/error.ts'
import { unreachableServer } from '@ramet/model/errors/errors.ts'

export interface Connection {
  /** The server's address, such as `http://127.0.0.1:8420`. */
  readonly endpoint: string
  readonly token: string | undefined
  readonly fetch: typeof globalThis.fetch
}

export interface RequestOptions {
  readonly body?: unknown
  /** Sent as it is, with its own type. */
  readonly blob?: Blob | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

/** The absolute URL of a path of `routes`. */
export const urlOf = (connection: Connection, path: string): URL => new URL(path, connection.endpoint)

export const authorization = (connection: Connection): Record<string, string> =>
  connection.token === undefined ? {} : { authorization: `Bearer ${connection.token}` }

/**
 * One request; any answer but 2xx becomes the RametError that its body describes.
 * Throws `server_unreachable` when nothing answers, and the signal's reason when it was aborted.
 */
export async function send(
  connection: Connection,
  method: string,
  path: string,
  { body, blob, headers = {}, signal }: RequestOptions = {},
): Promise<Response> {
  let response: Response
  try {
    response = await connection.fetch(urlOf(connection, path), {
      method,
      headers: {
        ...authorization(connection),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(blob === undefined ? {} : { body: blob }),
      ...(signal === undefined ? {} : { signal }),
    })
  } catch (cause) {
    signal?.throwIfAborted()
    throw unreachableServer(connection.endpoint, cause)
  }
  if (!response.ok) throw await errorOf(response)
  return response
}

/** One request that is answered with JSON. The answer's shape is the server's promise (model/wire.ts) and is not checked again here. */
export async function ask<T>(connection: Connection, method: string, path: string, options?: RequestOptions): Promise<T> {
  const response = await send(connection, method, path, options)
  try {
    const text = await response.text()
    return (text === '' ? undefined : JSON.parse(text)) as T
  } catch (cause) {
    options?.signal?.throwIfAborted()
    if (cause instanceof SyntaxError) throw notRamet(response.status)
    throw unreachableServer(connection.endpoint, cause)
  }
}

async function errorOf(response: Response): Promise<RametError> {
  const body = await response.json().catch(() => undefined)
  const known = errorBodySchema.safeParse(body)
  return known.success ? fromErrorBody(response.status, known.data) : notRamet(response.status)
}

// A proxy in between answers in HTML, and another program may listen on the port.
const notRamet = (status: number) =>
  new RametError('unexpected_answer', status, `The server answered with status ${status} and a body that is not Ramet's.`, {
    hint: 'Is the endpoint that of a Ramet server? See RAMET_ENDPOINT.',
  })

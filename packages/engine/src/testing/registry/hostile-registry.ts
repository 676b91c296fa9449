import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { TestImage } from './test-image.ts'

/** A registry in this process, whose answers a test may replace one by one. */
export interface HostileRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string
  /** Requests so far, as `METHOD PATH`, with the headers that matter. */
  readonly asked: { readonly what: string; readonly authorization: string | undefined; readonly range: string | undefined }[]
  [Symbol.asyncDispose](): Promise<void>
}

/** Answers a request itself and returns true, or leaves it to the honest part. */
export type Answer = (request: IncomingMessage, response: ServerResponse, honest: () => void) => boolean | undefined

/** Serves `image` under any repository and tag. */
export async function hostileRegistry(image: TestImage, answer: Answer = () => undefined): Promise<HostileRegistry> {
  const asked: HostileRegistry['asked'][number][] = []
  const server = createServer((request, response) => {
    const { authorization, range } = request.headers
    asked.push({ what: `${request.method} ${request.url}`, authorization, range })
    const honest = () => serve(image, request, response)
    if (answer(request, response, honest) !== true) honest()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    host: `127.0.0.1:${port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function serve(image: TestImage, request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? ''
  const blob = image.blobs.get(/\/blobs\/(.+)$/.exec(url)?.[1] ?? '')
  if (/\/manifests\//.test(url)) {
    response.writeHead(200, { 'content-type': image.manifestType, 'content-length': image.manifest.length }).end(image.manifest)
  } else if (blob) {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const part = blob.subarray(from)
    const range = from > 0 ? { 'content-range': `bytes ${from}-${blob.length - 1}/${blob.length}` } : {}
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': part.length, ...range }).end(part)
  } else response.writeHead(404).end()
}

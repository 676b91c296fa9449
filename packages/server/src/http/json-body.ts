import { invalidInput } from '@ramet/model/errors/errors.ts'
import type { FastifyInstance } from 'fastify'

/** Largest body. A manifest has at most 4 MiB. */
export const maxBodyBytes = 8 * 1024 * 1024

/** Parses every body as JSON, whatever its Content-Type (labctl sends none). An empty one is no body. */
export function takeJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, parseJson(String(text)))
    } catch (error) {
      done(error as Error)
    }
  })
}

function parseJson(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    // An own property of this name would become a prototype wherever the object is copied by assignment.
    return JSON.parse(text, (key, value) => (key === '__proto__' ? undefined : value))
  } catch (error) {
    // Thousands of nested brackets cause a RangeError.
    throw invalidInput(`The body is not valid JSON: ${(error as Error).message}`)
  }
}

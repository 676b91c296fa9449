import { invalidInput } from '@ramet/model/errors/errors.ts'
import type { FastifyInstance } from 'fastify'
import { formType, parseForm } from './form-body.ts'

/** Bounds on a body before it is parsed. A manifest needs ten levels, and one that is full of everything has 50,000 values. */
const deepest = 64
const mostValues = 100_000

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Content type of bodies that a route takes as a stream. */
    takes?: string | undefined
  }
}

/** Parses every body as JSON, whatever its Content-Type (labctl sends none), but for routes that take a stream or a form. An empty one is no body. */
export function takeJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  // Fastify refuses a type that it cannot read before any parser is asked.
  app.addHook('onRequest', async ({ raw: { headers } }) => {
    if (headers['content-type'] !== undefined && !headers['content-type'].startsWith('application/x-tar'))
      headers['content-type'] = 'application/json'
  })
  app.addContentTypeParser('application/x-tar', (request, payload, done) => {
    if (request.routeOptions.config.takes === 'application/x-tar') done(null, payload)
    else done(invalidInput('This takes no archive.'))
  })
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, text, done) => {
    const { takes } = request.routeOptions.config
    try {
      if (takes === formType) return done(null, parseForm(String(text)))
      if (takes !== undefined) throw notTaken(takes)
      done(null, parseJson(String(text)))
    } catch (error) {
      done(error as Error)
    }
  })
}

/** For a route that takes a stream of this type. */
export const notTaken = (takes: string) => invalidInput(`This takes a body of the type ${takes}.`, 'Content-Type')

/** Throws invalid_input for what is no JSON, is nested deeper or has more values than anything here needs. */
export function parseJson(text: string): unknown {
  if (text.trim() === '') return undefined
  checkShape(text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw invalidInput(`The body is not valid JSON: ${(error as Error).message}`)
  }
  // Without a reviver, which makes the parser 30 times slower.
  return /__proto__|\\u/.test(text) ? withoutPrototypes(value) : value
}

/** One pass over the text: counts brackets and commas outside strings. */
function checkShape(text: string): void {
  let depth = 0
  let values = 1
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at)
        break
      case 0x5b: // [
      case 0x7b: // {
        depth += 1
        values += 1
        if (depth > deepest) throw invalidInput(`The body is nested deeper than ${deepest} levels.`)
        break
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1
        break
      case 0x2c: // ,
        values += 1
        break
    }
    if (values > mostValues) throw invalidInput(`The body has more than ${mostValues} values.`)
  }
}

/** Where the string that begins at `start` ends: the next quote behind an even number of backslashes. */
function endOfString(text: string, start: number): number {
  for (let at = start; ; ) {
    at = text.indexOf('"', at + 1)
    if (at < 0) return text.length
    let before = at - 1
    while (text.charCodeAt(before) === 0x5c) before -= 1
    if ((at - before) % 2 === 1) return at
  }
}

/** An own property of this name would become a prototype wherever the object is copied by assignment. */
function withoutPrototypes(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Object.hasOwn(value, '__proto__')) Reflect.deleteProperty(value, '__proto__')
  for (const part of Object.values(value)) withoutPrototypes(part)
  return value
}

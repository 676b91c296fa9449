import type { Permission } from '@ramet/model/access/can.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { LentLogin } from '../access/lent-login.ts'
import type { Entry } from '../audit/entry.ts'
import type { User } from '../services.ts'
import type { formType } from './form-body.ts'

/** Largest bodies, in bytes: looked at before it is known who asks. */
export const bodyBytes = {
  /** Of routes that say nothing else. */
  small: 16 * 1024,
  login: 4 * 1024,
  /** Titles, descriptions and Markdown (100,000 characters, up to six bytes each in JSON). */
  texts: 1024 * 1024,
  /** A manifest has at most 4 MiB; JSON escapes each line's end. */
  manifest: 8 * 1024 * 1024,
  /** A folder with a Dockerfile, which goes to the disk as it comes. */
  folder: 256 * 1024 * 1024,
} as const

/** One path and method of the API: declared once, served by `register.ts` and described by `openapi.ts`. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** In Fastify's form: `/api/plays/:id`. */
  readonly path: string
  readonly summary: string
  /**
   * What the user must be allowed to do. For runs and playgrounds the service behind the route decides, since it knows the owner; everything
   * else is decided before the handler is called. `anyone`: no credentials needed.
   */
  readonly permission: Permission | 'anyone'
  readonly query?: z.ZodType | undefined
  /** Headers that it reads besides those of every route, with what they are for. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: z.ZodType | undefined
  /** Set when the body is not JSON: an archive, which the handler gets as a stream, or a form. */
  readonly takes?: 'application/x-tar' | typeof formType | undefined
  /** Largest body; default: `bodyBytes.small`. */
  readonly bodyBytes?: number | undefined
  readonly answer: z.ZodType
  /** Set when the answer is not JSON: the handler writes to `reply` itself. */
  readonly produces?: 'text/event-stream' | 'text/html' | 'text/plain' | undefined
  /** Whose login a part of the path stands for, of a route for anyone. */
  lender?(params: Record<string, string>): LentLogin | undefined
  handle(asked: Asked<Record<string, string>, unknown, unknown>): Promise<unknown>
}

export interface Asked<P, Q, B> {
  /** The user of the request; not available on routes for anyone. */
  readonly user: User
  readonly params: P
  readonly query: Q
  readonly body: B
  /** What the audit log will tell of it; absent: nothing (model's `audited.ts`). */
  readonly entry: Entry | undefined
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

interface Declaration<P extends string, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType> {
  readonly method: Route['method']
  /** Path from the model's `routes`, with `:name` as parameters. */
  readonly path: string
  readonly params?: readonly P[]
  readonly summary: string
  readonly permission: Route['permission']
  readonly query?: Q
  readonly headers?: Route['headers']
  readonly body?: B
  readonly takes?: Route['takes']
  readonly bodyBytes?: number
  readonly answer: A
  readonly produces?: Route['produces']
  lender?: Route['lender']
  handle(asked: Asked<Record<P, string>, z.output<Q>, z.output<B>>): Promise<z.output<A>>
}

/** Declares a route whose handler has the types of its schemas. */
export function route<
  A extends z.ZodType,
  P extends string = never,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
>(declaration: Declaration<P, Q, B, A>): Route {
  return {
    ...declaration,
    // The model's paths encode their parameters, including the colon.
    path: decodeURIComponent(declaration.path),
    handle: declaration.handle as Route['handle'],
  }
}

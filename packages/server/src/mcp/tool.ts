import type { z } from 'zod'
import type { OpenCounts } from '../access/open-counts.ts'
import type { Services, User } from '../services.ts'
import type { ToolScope } from './scopes.ts'

/** What a tool has at hand while it is called. */
export interface Call {
  readonly user: User
  readonly services: Services
  readonly counts: OpenCounts
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal
  /** Shown to whoever waits, if the client asked to be told. */
  tell(message: string): void
}

/** One tool for agents: declared once, listed and called by `agent-server.ts`. */
export interface Tool {
  readonly name: string
  readonly title: string
  /** For the agent: what it does, what to know before, what to call next. */
  readonly description: string
  readonly scope: ToolScope
  readonly input: z.ZodObject
  /** Answers with plain data. Throws RametError. */
  run(input: unknown, call: Call): Promise<Readonly<Record<string, unknown>>>
}

interface Declaration<I extends z.ZodObject> extends Omit<Tool, 'input' | 'run'> {
  readonly input: I
  run(input: z.output<I>, call: Call): Promise<Readonly<Record<string, unknown>>>
}

/** Declares a tool whose `run` has the types of its schema. */
export const tool = <I extends z.ZodObject>(declaration: Declaration<I>): Tool => ({
  ...declaration,
  run: declaration.run as Tool['run'],
})

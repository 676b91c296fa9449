import { createClient } from '@ramet/client/client.ts'
import type { Client } from '@ramet/client/client-shape.ts'
import { findServer, type ServerAddress, type ServerFlags } from './find-server.ts'
import { createOutput, type Output } from './output.ts'

/** Passed to every verb. */
export interface Context {
  readonly client: Client
  readonly server: ServerAddress
  readonly out: Output
}

/** Called by a verb when it runs, so that help and usage errors need no server. */
export type Open = () => Promise<Context>

export const openWith =
  (flags: () => ServerFlags): Open =>
  async () => {
    const server = await findServer(flags(), process.env)
    return { client: createClient(server), server, out: createOutput() }
  }

/** The user pressed ctrl-c during work that does not end with this process. */
export class Interrupted extends Error {
  readonly note: string

  constructor(note: string) {
    super('interrupted')
    this.name = 'Interrupted'
    this.note = note
  }
}

/** Runs `work` with a signal that aborts at ctrl-c or TERM; then throws Interrupted with `note`. */
export async function interruptible<T>(note: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController()
  const interrupt = () => abort.abort(new Interrupted(note))
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  try {
    return await work(abort.signal)
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}

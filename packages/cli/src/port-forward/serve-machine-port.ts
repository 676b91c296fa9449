import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { RametError } from '@ramet/model/errors/error.ts'
import type { WebSocket } from 'ws'
import type { Tunnel } from './tunnel.ts'

export interface MachinePortOptions {
  readonly tunnel: Pick<Tunnel, 'listen' | 'claim'>
  /** In the machine. */
  readonly port: number
  /** On this computer, or near it. */
  readonly to: { readonly host: string; readonly port: number }
  readonly signal: AbortSignal
  /** The machine listens, at first or again. */
  ready(): void
  /** What went wrong and passes. */
  note(text: string): void
  readonly firstWaitMs?: number
}

const longestWaitMs = 10_000

/** What no time mends; all else (the server or the run is away for a while) does. */
const final = [
  'not_found',
  'not_authenticated',
  'not_permitted',
  'insufficient_scope',
  'unknown_machine',
  'no_ssh',
  'invalid_input',
]

/**
 * Has a port of a machine lead to one of this computer, over a tunnel, until the signal aborts: then it throws the signal's reason. Connects again by itself. Throws a RametError where
 * that would not help, and at first also when the machine cannot listen there.
 */
export async function serveMachinePort(options: MachinePortOptions): Promise<never> {
  const { tunnel, port, signal, note, ready, firstWaitMs = 500 } = options
  let hasListened = false
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    signal.throwIfAborted()
    try {
      const control = await tunnel.listen('', port)
      hasListened = true
      waitMs = firstWaitMs
      ready()
      await untilOver(control, options)
      signal.throwIfAborted()
      note('The connection to the run was lost. Connecting again …')
    } catch (error) {
      signal.throwIfAborted()
      const isFinal =
        !(error instanceof RametError) || final.includes(error.code) || (!hasListened && error.code !== 'connection_lost')
      if (isFinal) throw error
      note(`${error.message} Trying again …`)
    }
    await delay(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

/** Serves what the listener tells of, until its websocket ends. */
async function untilOver(control: WebSocket, { tunnel, to, signal, note }: MachinePortOptions): Promise<void> {
  const open = new Set<Duplex>()
  const { promise, resolve } = Promise.withResolvers<void>()
  const leave = () => control.close()
  signal.addEventListener('abort', leave, { once: true })
  control.on('error', () => {})
  control.once('close', resolve)
  control.on('message', (data: Buffer) => {
    const connection = connectionOf(data.toString())
    if (connection === undefined) return
    tunnel.claim(connection).then(
      (inside) => {
        open.add(inside)
        inside.once('close', () => open.delete(inside))
        join(inside, to, note)
      },
      ({ message }: Error) => note(message),
    )
  })
  if (signal.aborted) leave()
  await promise
  signal.removeEventListener('abort', leave)
  for (const each of open) each.destroy()
}

function connectionOf(text: string): string | undefined {
  try {
    const said = JSON.parse(text) as { type?: unknown; cid?: unknown }
    return said.type === 'connect' && typeof said.cid === 'string' ? said.cid : undefined
  } catch {
    return undefined
  }
}

/** A tunnel has no half-close: the end of either side is the end of both, once the other has what was sent. */
function join(inside: Duplex, { host, port }: MachinePortOptions['to'], note: (text: string) => void): void {
  const local = connect({ host, port })
  local.on('error', (error: NodeJS.ErrnoException) => {
    if (error.syscall === 'connect') note(`Nothing answers on ${host}:${port} (${error.code}).`)
    inside.destroy()
  })
  inside.on('error', () => local.destroy())
  inside.once('close', () => local.destroySoon())
  local.pipe(inside)
  inside.pipe(local)
}

import type { FrameReader } from '../../guest/link/keeper-frames.ts'
import type { VmMemory } from '../../vmm/vmm.ts'

/** What the server and a pretend VM say to each other on its control socket, one JSON document a line. */
export interface Greeting {
  readonly event: 'greeting'
  readonly runId: string
  readonly machine: string
  readonly isPoweredOff: boolean
}
export type ControlEvent =
  | Greeting
  | { readonly event: 'reset' }
  | { readonly event: 'powered-off' }
  | { readonly event: 'done'; readonly number: number; readonly isRunning: boolean; readonly error?: string }
export type ControlCommand = { readonly number: number } & (
  | { readonly command: 'power-button' }
  | { readonly command: 'quit' }
  | { readonly command: 'add-layer'; readonly driveIndex: number; readonly file: string }
  | { readonly command: 'look' }
  | { readonly command: 'pause' }
  | { readonly command: 'go-on' }
  | { readonly command: 'save'; readonly into: VmMemory }
)

/** First frame on the guest socket; each connection has one purpose. */
export type GuestOpening =
  | { readonly kind: 'link' }
  | { readonly kind: 'exec'; readonly command: string; readonly user: string; readonly hasTerminal: boolean }
  | { readonly kind: 'tool'; readonly argv: readonly [string, ...string[]] }
  | { readonly kind: 'dial'; readonly port: number }
  | { readonly kind: 'terminal'; readonly session: string; readonly user: string }

/** Types of frames on the guest socket (see keeper-frames.ts for their form). */
export const fakeFrames = {
  data: 1,
  stderr: 2,
  eof: 3,
  signal: 4,
  /** First from the client: JSON of `GuestOpening`, of which a beginning may come in frames of its own. */
  open: 16,
  openBeginning: 19,
  /** First from the guest: one byte, was the shell there already. */
  ready: 17,
  /** Last from the guest: exit code, one byte. */
  exit: 18,
} as const

export const largestFrame = 32 * 1024

/** Lines out of chunks. */
export function lineReader(take: (line: string) => void): (chunk: Buffer) => void {
  let rest = ''
  return (chunk) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') take(line)
  }
}

export function readFrames(reader: FrameReader, chunk: Buffer, take: (type: number, payload: Buffer) => void): void {
  for (const { type, payload } of reader.read(chunk)) take(type, payload)
}

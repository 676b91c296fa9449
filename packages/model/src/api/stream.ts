import { z } from 'zod'
import { wordSchema } from '../units/plain-text.ts'

/**
 * Frames of the three websockets into a machine: terminal, exec, console.
 *
 * Binary frames carry bytes: client to server, all of it input; server to client, one leading byte says which output (`outputs`).
 * Text frames carry one JSON control message each, as below.
 * Flow control: the client acknowledges the output bytes it has consumed (leading bytes not counted); the server stops reading from the guest
 * while more than `windowBytes` are unacknowledged. Input is held back by TCP alone.
 *
 * terminal: query `user`, `cols`, `rows`; the shell outlives the websocket; `exit` is sent when the shell ends.
 * exec: the first frame is `exec`; input may end (`eof`); the command ends with the websocket.
 * console: the serial line, raw.
 */
export const outputs = { stdout: 1, stderr: 2 } as const

export const windowBytes = 256 * 1024
/** Clients acknowledge at least each time this many bytes were consumed. */
export const ackEveryBytes = 32 * 1024

/** What Linux takes as one argument (MAX_ARG_STRLEN, execve(2)). */
export const longestCommand = 131_072
const dimension = z.number().int().min(1).max(1000)

export const clientMessageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('exec'),
    /** Given to the user's login shell as `-c`; empty or absent: an interactive login shell. */
    command: z.string().max(longestCommand, `must have at most ${longestCommand} characters; send more as its input`).optional(),
    /** Default: the machine's default user. */
    user: wordSchema(32).optional(),
    pty: z.object({ term: wordSchema(64), cols: dimension, rows: dimension }).optional(),
  }),
  z.object({ type: z.literal('resize'), cols: dimension, rows: dimension }),
  z.object({ type: z.literal('eof') }),
  z.object({ type: z.literal('ack'), bytes: z.number().int().nonnegative() }),
  z.object({ type: z.literal('signal'), name: z.enum(['INT', 'TERM', 'HUP', 'QUIT', 'KILL']) }),
])
export type ClientMessage = z.infer<typeof clientMessageSchema>

export const serverMessageSchema = z.discriminatedUnion('type', [
  /** Attached. `resumed`: a terminal whose shell was already there; its scrollback follows as ordinary output. */
  z.object({ type: z.literal('ready'), resumed: z.boolean().optional() }),
  z.object({ type: z.literal('exit'), code: z.number().int(), signal: z.string().optional() }),
  z.object({ type: z.literal('error'), code: z.string(), message: z.string(), hint: z.string().optional() }),
])
export type ServerMessage = z.infer<typeof serverMessageSchema>

import { invalidInput } from '@ramet/model/errors/errors.ts'
import { userNameSchema } from '@ramet/model/units/names.ts'
import type { ExecOptions } from '../guest.ts'
import { largestRequest } from './channel-frames.ts'

/** What the guest's agent is asked to open: see enum request in agent/native/channel.h. All throw `invalid_input` for what it could not be told. */

const kinds = { command: 1, tool: 2, dial: 3, keeper: 4 } as const
const largestSize = 10_000

/** `command` by the user's login shell; empty: an interactive login shell. */
export function commandRequest(user: string, command: string, pty?: ExecOptions['pty']): Buffer {
  const size = pty ? terminalSize(pty.cols, pty.rows) : Buffer.alloc(4)
  const request = Buffer.concat([
    Buffer.of(kinds.command),
    size,
    textEnded(checkedUser(user)),
    textEnded(pty?.term ?? ''),
    text(command),
  ])
  if (request.length > largestRequest)
    throw invalidInput(
      `A command may have at most ${largestRequest - 1024} bytes.`,
      'command',
      'Send a longer script on the standard input of a shell.',
    )
  return request
}

/** A program of the platform's own folder, with its arguments. */
export const toolRequest = (argv: readonly [string, ...string[]]): Buffer =>
  Buffer.concat([Buffer.of(kinds.tool), ...argv.map(textEnded)])

export function dialRequest(port: number): Buffer {
  const request = Buffer.of(kinds.dial, 0, 0)
  request.writeUInt16BE(port, 1)
  return request
}

/** A connection to the session keeper. */
export const keeperRequest = (): Buffer => Buffer.of(kinds.keeper)

/** Which session of the keeper, and how it is seen: at most 63 bytes, of what is safe in a file name. */
export function attachRequest(session: string, user: string, cols: number, rows: number): Buffer {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(session))
    throw invalidInput(
      `${JSON.stringify(session)} is not the name of a terminal session.`,
      'session',
      'Use up to 63 letters, digits, dots, - and _.',
    )
  return Buffer.concat([terminalSize(cols, rows), textEnded(session), Buffer.from(checkedUser(user))])
}

/** Columns and rows, 2 bytes each. */
export function terminalSize(cols: number, rows: number): Buffer {
  for (const size of [cols, rows])
    if (!Number.isInteger(size) || size < 1 || size > largestSize) throw invalidInput(`A terminal cannot be ${cols} x ${rows}.`)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16BE(cols, 0)
  bytes.writeUInt16BE(rows, 2)
  return bytes
}

function text(word: string): Buffer {
  if (word.includes('\0')) throw invalidInput('A command must not have a NUL character in it.')
  return Buffer.from(word)
}

const textEnded = (word: string) => Buffer.concat([text(word), Buffer.of(0)])

function checkedUser(user: string): string {
  if (!userNameSchema.safeParse(user).success) throw invalidInput(`${JSON.stringify(user)} is not a Linux user name.`, 'user')
  return user
}

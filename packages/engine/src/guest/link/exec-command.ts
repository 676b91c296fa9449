import { invalidInput } from '@ramet/model/errors/errors.ts'
import { userNameSchema } from '@ramet/model/units/names.ts'

/**
 * Command lines for the platform's own shell in the guest. Its working directory is the platform's tmpfs, so helpers there are called by relative
 * paths: a guest may mount something over /run.
 */

/** Quotes a text as one word for a POSIX shell. Throws `invalid_input` for NUL, which no argument can contain. */
export function quoteWord(word: string): string {
  if (word.includes('\0')) throw invalidInput('A command must not have a NUL character in it.')
  return `'${word.replaceAll("'", "'\\''")}'`
}

function checkedUser(user: string): string {
  if (!userNameSchema.safeParse(user).success) throw invalidInput(`${JSON.stringify(user)} is not a Linux user name.`, 'user')
  return user
}

/** `command` by the user's login shell; empty: an interactive login shell. */
export function commandAs(user: string, command: string): string {
  return `exec ./as ${quoteWord(checkedUser(user))}${command === '' ? '' : ` -c ${quoteWord(command)}`}`
}

/** A program of the platform's own folder. */
export function toolCommand([program, ...words]: readonly [string, ...string[]]): string {
  return `exec ./${[program, ...words].map(quoteWord).join(' ')}`
}

const largestSize = 10_000

/** A session of the keeper: at most 63 bytes, of what is safe in a file name. */
export function attachCommand(session: string, user: string, cols: number, rows: number): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(session))
    throw invalidInput(
      `${JSON.stringify(session)} is not the name of a terminal session.`,
      'session',
      'Use up to 63 letters, digits, dots, - and _.',
    )
  for (const size of [cols, rows])
    if (!Number.isInteger(size) || size < 1 || size > largestSize) throw invalidInput(`A terminal cannot be ${cols} x ${rows}.`)
  return `exec ./keeper attach ${quoteWord(session)} ${quoteWord(checkedUser(user))} ${cols} ${rows}`
}

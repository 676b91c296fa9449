import { RametError } from '@ramet/model/errors/error.ts'
import { describeUrl } from '../address.ts'

const startIt =
  'Is the server of the database running, and does RAMET_DATABASE name it? Try: psql "$RAMET_DATABASE" -c "select 1"'

/** SQLSTATE of `pg`'s errors of the server (postgresql.org/docs/15/errcodes-appendix.html), or the code of a failed system call. */
export const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''

/** That the server could not be spoken to, said as a person can act on; everything else as it was. */
export function explained(error: unknown, url: string): unknown {
  const where = describeUrl(url)
  const code = codeOf(error)
  const message = error instanceof Error ? error.message : String(error)
  if (code === '28P01' || code === '28000')
    return new RametError('store_refused', 500, `${where} does not let this server in: ${message}.`, {
      cause: error,
      hint: 'Set user and password in RAMET_DATABASE, as postgres://USER:PASSWORD@HOST/DATABASE.',
    })
  if (code === '3D000')
    return new RametError('store_missing', 500, `${where} does not exist.`, { cause: error, hint: 'Make it with: createdb NAME' })
  if (isUnreachable(code, message))
    return new RametError('store_unreachable', 503, `${where} cannot be reached: ${message}.`, { cause: error, hint: startIt })
  return error
}

/** 08: connections; 57P01 to 57P03: the server is going, gone or coming; 53300: too many clients. The texts are those of `pg`, which have no code. */
const isUnreachable = (code: string, message: string): boolean =>
  /^(ECONN|ENOTFOUND|ENOENT|EACCES|EPIPE|ETIMEDOUT|EAI_|EHOSTUNREACH|ENETUNREACH|08|57P0|53300)/.test(code) ||
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/.test(message)

const mostCollisions = 5

/**
 * The transaction may be done again: it lost against another one. 40001 and 40P01 say so. A unique index may notice first that two transactions chose the
 * same key by what they read (postgresql.org/docs/15/mvcc-serialization-failure-handling.html), so 23505 is tried again a few times as well: a key that is
 * taken for good is seen by reading then, or refused once more.
 */
export const lostRace = (error: unknown, tries: number): boolean =>
  ['40001', '40P01'].includes(codeOf(error)) || (codeOf(error) === '23505' && tries <= mostCollisions)

import { toRametError } from '../http/error-answers.ts'
import type { Entry } from './entry.ts'

/** Does something, and tells when it is refused or fails. */
export async function tellFailure<T>(entry: Pick<Entry, 'failed'> | undefined, doing: () => Promise<T>): Promise<T> {
  try {
    return await doing()
  } catch (error) {
    await entry?.failed(toRametError(error)?.code ?? 'internal_error')
    throw error
  }
}

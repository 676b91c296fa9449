import type { Migration } from 'kysely/migration'
import { first } from './0001-first.ts'

/** Every migration, in order. The list only grows. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-first': first,
}

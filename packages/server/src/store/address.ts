import { join } from 'node:path'

/** Where a store is: a file of SQLite, or a database of PostgreSQL. */
export type StoreAddress = { readonly file: string } | { readonly url: string }

/** `database`: `postgres://…`, or undefined for the file in the home. */
export const storeAddress = (home: string, database: string | undefined): StoreAddress =>
  database === undefined ? { file: join(home, 'ramet.sqlite') } : { url: database }

/** For messages: without the password. */
export const describeAddress = (address: StoreAddress): string => ('file' in address ? address.file : describeUrl(address.url))

/** `the database ramet at /run/postgresql`. Users and passwords are never told. */
export function describeUrl(url: string): string {
  const { pathname, hostname, searchParams } = new URL(url)
  return `The database ${decodeURIComponent(pathname.slice(1)) || 'of the user'} at ${searchParams.get('host') ?? (hostname || 'localhost')}`
}

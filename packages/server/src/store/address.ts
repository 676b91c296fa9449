import { join } from 'node:path'

/** Where a store is: a SQLite file, or a PostgreSQL database. */
export type StoreAddress = { readonly file: string } | { readonly url: string }

/** `database`: `postgres://…`, or undefined for the file in the home. */
export const storeAddress = (home: string, database: string | undefined): StoreAddress =>
  database === undefined ? { file: join(home, 'ramet.sqlite') } : { url: database }

/** For messages: without the password. */
export const describeAddress = (address: StoreAddress): string => ('file' in address ? address.file : describeUrl(address.url))

/** Describes the store, as `The database ramet at /run/postgresql`, without user and password. */
export function describeUrl(url: string): string {
  const [, host = '', path = '', query = ''] = /^postgres(?:ql)?:\/\/(?:[^/@]*@)?([^/?]*)\/?([^?]*)\??(.*)$/.exec(url) ?? []
  const at = new URLSearchParams(query).get('host') ?? host
  return `The database ${decodeURIComponent(path) || 'of RAMET_DATABASE'} at ${at === '' ? 'localhost' : at}`
}

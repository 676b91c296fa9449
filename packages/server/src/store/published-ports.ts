import { randomBytes } from 'node:crypto'
import type { SavedForward } from '@ramet/model/api/ports.ts'
import { type Db, destroyed, now } from './database.ts'
import type { PublishedPortRow } from './schema.ts'
import type { User } from './users.ts'

/** How a port or shell is published. */
export type Publishing = Omit<PublishedPortRow, 'id' | 'run_id' | 'name' | 'created_at'>

/** A port of a run that is one of the host's. */
export interface HostPortRow extends PublishedPortRow {
  readonly protocol: 'tcp' | 'udp'
  readonly number: number
  readonly host_address: string
  readonly host_port: number
}

export const isHostPort = (row: PublishedPortRow): row is HostPortRow => row.protocol !== 'http'

export interface FoundPort {
  readonly row: PublishedPortRow
  readonly owner: User
}

/** Oldest first. */
export const listPublished = (db: Db, runId: string): Promise<PublishedPortRow[]> =>
  db.selectFrom('published_ports').selectAll().where('run_id', '=', runId).orderBy('created_at').orderBy('id').execute()

/** How many there are on a user's runs that have not been destroyed. */
export async function countPublished(db: Db, ownerId: string): Promise<number> {
  const row = await db
    .selectFrom('published_ports')
    .innerJoin('runs', 'runs.id', 'published_ports.run_id')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('runs.owner_id', '=', ownerId)
    .where('runs.state', '!=', destroyed)
    .executeTakeFirst()
  return Number(row?.count ?? 0)
}

/** What is published under a host name, by its first label, on a run that has not been destroyed. */
export async function findPublished(db: Db, name: string): Promise<FoundPort | undefined> {
  const found = await db
    .selectFrom('published_ports')
    .innerJoin('runs', 'runs.id', 'published_ports.run_id')
    .innerJoin('users', 'users.id', 'runs.owner_id')
    .selectAll('published_ports')
    .select(['users.id as owner_id', 'users.name as owner_name'])
    .where('published_ports.name', '=', name)
    .where('published_ports.protocol', '=', 'http')
    .where('runs.state', '!=', destroyed)
    .where('runs.purpose', '=', 'user')
    .where('users.disabled_at', 'is', null)
    .executeTakeFirst()
  if (!found) return undefined
  const { owner_id, owner_name, ...row } = found
  return { row, owner: { id: owner_id, name: owner_name } }
}

/** All ports of the host, oldest first, with their owners: of runs that have not been destroyed, and of users who are let in. */
export async function listHostPorts(db: Db): Promise<{ row: HostPortRow; owner: User }[]> {
  const found = await db
    .selectFrom('published_ports')
    .innerJoin('runs', 'runs.id', 'published_ports.run_id')
    .innerJoin('users', 'users.id', 'runs.owner_id')
    .selectAll('published_ports')
    .select(['users.id as owner_id', 'users.name as owner_name'])
    .where('published_ports.protocol', '!=', 'http')
    .where('runs.state', '!=', destroyed)
    .where('users.disabled_at', 'is', null)
    .orderBy('published_ports.created_at')
    .orderBy('published_ports.id')
    .execute()
  return found.flatMap(({ owner_id, owner_name, ...row }) =>
    isHostPort(row) ? [{ row, owner: { id: owner_id, name: owner_name } }] : [],
  )
}

export async function insertPublished(db: Db, runId: string, how: Publishing): Promise<PublishedPortRow> {
  const row: PublishedPortRow = { ...how, id: newPortId(), run_id: runId, name: newPortName(), created_at: now() }
  await db.insertInto('published_ports').values(row).execute()
  return row
}

/** False: the run has none of this id and kind. A shell has an account, a port has none. */
export async function removePublished(db: Db, runId: string, id: string, kind: 'port' | 'shell'): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('published_ports')
    .where('run_id', '=', runId)
    .where('id', '=', id)
    .where('account', kind === 'shell' ? 'is not' : 'is', null)
    .executeTakeFirst()
  return Number(numDeletedRows) > 0
}

/** Undefined: none were saved, so that those of its plan hold. */
export async function findForwards(db: Db, runId: string): Promise<readonly SavedForward[] | undefined> {
  const row = await db.selectFrom('saved_forwards').select('list').where('run_id', '=', runId).executeTakeFirst()
  return row && (JSON.parse(row.list) as SavedForward[])
}

export async function setForwards(db: Db, runId: string, forwards: readonly SavedForward[]): Promise<void> {
  const list = JSON.stringify(forwards)
  await db
    .insertInto('saved_forwards')
    .values({ run_id: runId, list })
    .onConflict((c) => c.column('run_id').doUpdateSet({ list }))
    .execute()
}

/** What a run has that its clones get too: under names of their own and private, until somebody publishes them. */
export interface PortsToCopy {
  readonly published: readonly Publishing[]
  readonly forwards: readonly SavedForward[] | undefined
}

export async function portsToCopy(db: Db, runId: string): Promise<PortsToCopy> {
  // A port of the host is one run's at a time.
  const copied = (await listPublished(db, runId)).filter((row) => !isHostPort(row))
  const published = copied.map(({ machine, number, account, tls, host_rewrite, path_rewrite }) => ({
    machine,
    number,
    account,
    access: 'private' as const,
    tls,
    host_rewrite,
    path_rewrite,
    ...underName,
  }))
  // A port that was published in both ways is one when both are private.
  const distinct = new Map(published.map((how) => [JSON.stringify(how), how]))
  return { published: [...distinct.values()], forwards: await findForwards(db, runId) }
}

/** What no port of the host has. */
export const underName = { protocol: 'http', host_address: null, host_port: null } as const

export async function copyPorts(db: Db, runId: string, { published, forwards }: PortsToCopy): Promise<void> {
  for (const how of published) await insertPublished(db, runId, how)
  if (forwards) await setForwards(db, runId, forwards)
}

const newPortId = () => randomBytes(12).toString('hex')

/** 100 random bits that are a DNS label: whoever has not been told a public one does not guess it. */
function newPortName(): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz234567'
  return [...randomBytes(20)].map((byte) => letters[byte % 32]).join('')
}

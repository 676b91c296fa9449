import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Ports of runs that are plain TCP or UDP ports of the host. What was published before is HTTP under a host name. */
export const hostPorts: Migration = { up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .alterTable('published_ports')
    .addColumn('protocol', 'text', (c) => c.notNull().defaultTo('http'))
    .execute()
  await schema.alterTable('published_ports').addColumn('host_address', 'text').execute()
  await schema.alterTable('published_ports').addColumn('host_port', 'integer').execute()
}

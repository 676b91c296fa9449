import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, test } from 'node:test'
import { until } from '../../testing/start-for-test.ts'
import { accountConformance } from '../../testing/store/account-conformance.ts'
import { allowanceConformance } from '../../testing/store/allowance-conformance.ts'
import { storeConformance } from '../../testing/store/conformance.ts'
import { freshPostgres } from '../../testing/store/fresh-store.ts'
import { groupConformance } from '../../testing/store/group-conformance.ts'
import { listConformance } from '../../testing/store/list-conformance.ts'
import { raceConformance } from '../../testing/store/race-conformance.ts'
import { storageConformance } from '../../testing/store/storage-conformance.ts'
import { TestPostgres } from '../../testing/store/test-postgres.ts'
import { openDatabase, storeVersion, transaction } from '../database.ts'
import { openInstallation } from '../installation.ts'
import { lockKey } from './server-lock.ts'

const server = await TestPostgres.start()
after(() => server[Symbol.asyncDispose]())

storeConformance('PostgreSQL', freshPostgres(server))
accountConformance('PostgreSQL', freshPostgres(server))
groupConformance('PostgreSQL', freshPostgres(server))
allowanceConformance('PostgreSQL', freshPostgres(server))
raceConformance('PostgreSQL', freshPostgres(server))
listConformance('PostgreSQL', freshPostgres(server))
storageConformance('PostgreSQL', freshPostgres(server))

const onLost = () => {}

test('a database is used by one server at a time, and by the next one once that has ended', async () => {
  const url = await server.makeDatabase()
  const first = await openDatabase({ url, onLost })
  await assert.rejects(openDatabase({ url, onLost }), { code: 'database_in_use' })
  const beside = await openDatabase({ url, readOnly: true })
  await beside.destroy()
  await first.destroy()
  await (await openDatabase({ url, onLost })).destroy()
})

test('when connections break, queries go on with new ones and the database stays locked', async () => {
  const url = await server.makeDatabase()
  const db = await openDatabase({ url, onLost })
  const { id } = await openInstallation(db)
  await server.run(
    url,
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  )
  await until('a query is answered again', async () => (await openInstallation(db).catch(() => undefined))?.id === id)
  await until('the lock is there again', () => isLocked(url))
  await db.destroy()
})

test('a server whose database another one took over while it was cut off is told', async () => {
  const url = await server.makeDatabase()
  const { promise, resolve } = Promise.withResolvers<{ code: string }>()
  const db = await openDatabase({ url, onLost: resolve })
  await server.run(
    url,
    `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'; select pg_sleep(0.2); select pg_advisory_lock(${lockKey}); select pg_sleep(2)`,
  )
  assert.equal((await promise).code, 'database_in_use')
  await db.destroy()
})

test('a database that is not there, or whose server is not, is told with what to do', async () => {
  await assert.rejects(openDatabase({ url: server.urlOf('nowhere') }), (error: Error & { code: string; hint: string }) => {
    assert.equal(error.code, 'store_missing')
    assert.match(error.hint, /createdb/)
    return true
  })
  await assert.rejects(openDatabase({ url: server.urlOf('t1', 'nobody-we-know') }), { code: 'store_refused' })
  await assert.rejects(openDatabase({ url: 'postgres:///ramet?host=/nonexistent' }), { code: 'store_unreachable' })
})

test('passwords are in no message', async () => {
  const listener = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as { port: number }
  await assert.rejects(
    openDatabase({ url: `postgres://ann:s3cret@127.0.0.1:${port}/shop` }),
    (error: Error & { code: string }) => {
      assert.equal(error.code, 'store_unreachable')
      assert.match(error.message, /The database shop at 127\.0\.0\.1/)
      assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /s3cret/)
      return true
    },
  )
  listener.close()
})

test('a database without our tables cannot be opened to read alone', async () => {
  const url = await server.makeDatabase({ isEmpty: true })
  await assert.rejects(openDatabase({ url, readOnly: true }), { code: 'home_too_old' })
})

test('the version that a person is told is that of the server', async () => {
  const url = await server.makeDatabase()
  const db = await openDatabase({ url })
  assert.match(await storeVersion(db, { url }), /^PostgreSQL 1\d\./)
  await db.destroy()
})

test('more transactions than there are connections wait for their turn', async () => {
  const db = await openDatabase({ url: await server.makeDatabase() })
  const count = (work: number) => transaction(db, async (trx) => (await openInstallation(trx)).id + work)
  assert.equal((await Promise.all(Array.from({ length: 50 }, (_, i) => count(i)))).length, 50)
  await db.destroy()
})

/** Somebody holds the server's lock of the database. */
async function isLocked(url: string): Promise<boolean> {
  const attempt = await openDatabase({ url, onLost }).catch((error) => error)
  if ('code' in attempt && attempt.code === 'database_in_use') return true
  await attempt.destroy()
  return false
}

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestServer } from '../harness/server.ts'

/** What users have written, and nothing that the server writes by itself. */
const written = [
  'select id, title, wanted, max_play_minutes, at_end, playground_name from runs order by id',
  'select * from playgrounds order by id',
  'select * from tokens order by id',
  'select * from ssh_keys order by id',
  'select id, region from users order by id',
]

/** Tells whether anything that users write was changed: two pictures are the same when nothing was. */
export function writtenRows(server: Pick<TestServer, 'home'>): { picture(): string } & Disposable {
  const db = new DatabaseSync(join(server.home, 'ramet.sqlite'), { readOnly: true, timeout: 10_000 })
  const statements = written.map((sql) => db.prepare(sql))
  const version = db.prepare('pragma data_version')
  let last = ''
  let seen: unknown
  return {
    picture() {
      const { data_version } = version.get() as { data_version: unknown }
      if (data_version === seen) return last
      seen = data_version
      last = JSON.stringify(statements.map((statement) => statement.all()))
      return last
    },
    [Symbol.dispose]: () => db.close(),
  }
}

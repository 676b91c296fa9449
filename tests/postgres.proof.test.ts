import { after } from 'node:test'
import { TestPostgres } from '@ramet/server/testing/store/test-postgres.ts'
import { mainJob } from './main-job.ts'

let postgres: TestPostgres | undefined

after(() => postgres?.[Symbol.asyncDispose]())

mainJob({
  title: 'the life of a debian run with the server on PostgreSQL',
  cycles: 2,
  async environment() {
    postgres = await TestPostgres.start()
    return { RAMET_DATABASE: await postgres.makeDatabase({ isEmpty: true }) }
  },
})

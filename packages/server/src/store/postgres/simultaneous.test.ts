import { after } from 'node:test'
import { simultaneousActions } from '../../testing/runs/simultaneous.ts'
import { freshPostgres } from '../../testing/store/fresh-store.ts'
import { TestPostgres } from '../../testing/store/test-postgres.ts'

const server = await TestPostgres.start()
after(() => server[Symbol.asyncDispose]())

simultaneousActions('PostgreSQL', freshPostgres(server), 8)

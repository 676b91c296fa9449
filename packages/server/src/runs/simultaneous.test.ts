import { simultaneousActions } from '../testing/runs/simultaneous.ts'
import { freshSqlite } from '../testing/store/fresh-store.ts'

simultaneousActions('SQLite', freshSqlite, 100)

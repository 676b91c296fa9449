import assert from 'node:assert/strict'
import { test } from 'node:test'
import { userNameSchema } from '@ramet/model/api/users.ts'
import { nameFor } from './name-for.ts'

for (const [like, count, name] of [
  ['ann', 1, 'ann'],
  ['Ann.B@example.org', 1, 'ann-b'],
  ['1 & only', 1, 'only'],
  ['山田', 1, 'user'],
  ['Åsa', 2, 'asa-2'],
  ['-', 3, 'user-3'],
  ['a'.repeat(50), 12, `${'a'.repeat(29)}-12`],
] as const) {
  test(`${like} is called ${name} here`, () => {
    assert.equal(nameFor(like, count), name)
    assert.equal(userNameSchema.parse(name), name)
  })
}

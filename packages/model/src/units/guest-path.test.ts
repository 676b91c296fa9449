import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filePathSchema, mountPointSchema } from './guest-path.ts'

test('equal paths become equal texts', () => {
  assert.deepEqual(
    ['/', '//', '/data/', '/srv//a b/ü'].map((path) => mountPointSchema.parse(path)),
    ['/', '/', '/data', '/srv/a b/ü'],
  )
  assert.equal(filePathSchema.parse('/etc//motd'), '/etc/motd')
})

const refused = {
  'with an end of line': '/a\nb',
  'with a carriage return': '/a\r',
  'with a tab': '/a\tb',
  'with NUL': '/a\0',
  'that climbs': '/a/../etc',
  'that stays': '/a/./b',
  'that is relative': 'data',
  'that is empty': '',
  'with a name that is too long': `/${'é'.repeat(128)}`,
} as const
for (const [what, path] of Object.entries(refused)) {
  test(`a path ${what} is neither a mount point nor a file`, () => {
    for (const schema of [mountPointSchema, filePathSchema]) assert.equal(schema.safeParse(path).success, false)
  })
}

test('nothing is mounted where the kernel has its own', () => {
  for (const path of ['/proc', '/sys/fs', '/dev/shm', '/run/'])
    assert.equal(mountPointSchema.safeParse(path).success, false, path)
  for (const path of ['/devel', '/srv/proc']) assert.equal(mountPointSchema.safeParse(path).success, true, path)
})

test('a folder is no file', () => {
  for (const path of ['/', '/etc/']) assert.equal(filePathSchema.safeParse(path).success, false, path)
})

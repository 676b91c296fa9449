import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')

test('every test that docs/security.md names is there', async () => {
  const page = await readFile(join(root, 'docs/security.md'), 'utf8')
  const named = [...page.matchAll(/^- `([^`]+)`: (.+)$/gm)].map(([, file = '', title = '']) => ({ file, title }))
  assert.ok(named.length > 30, `${named.length} tests are named`)
  const gone: string[] = []
  for (const { file, title } of named) {
    const text = await readFile(join(root, file), 'utf8').catch(() => '')
    if (!text.includes(title)) gone.push(`${file}: ${title}`)
  }
  assert.deepEqual(gone, [])
})

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { InvalidInput } from '@ramet/model/errors/error.ts'
import { parseImageNames, readImageNames } from './read-image-names.ts'

test('a home without images.yaml has no further names; one with it has those', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'ramet-names-'))
  t.after(() => rm(home, { recursive: true }))
  assert.deepEqual(await readImageNames(home), {})
  await writeFile(join(home, 'images.yaml'), '# ours\nour-root: oci://127.0.0.1:5000/root:7\nbox: debian-stable\n')
  assert.deepEqual(await readImageNames(home), { 'our-root': 'oci://127.0.0.1:5000/root:7', box: 'debian-stable' })
  assert.deepEqual(parseImageNames('', 'f'), {})
})

test('what is wrong in it is told with its place', () => {
  for (const [text, where] of [
    ['a: oci://Bad/UPPER\n', 'f:1:4'],
    ['a: b\nB_c: debian\n', 'f:2:1'],
    ['a: [x]\n', 'f:1:4'],
    ['- a\n', 'f:1:1'],
    ['a: {\n', undefined],
  ] as const)
    assert.throws(
      () => parseImageNames(text, 'f'),
      (error) =>
        (error instanceof InvalidInput && (where === undefined || error.where === where)) ||
        assert.fail(`${text}: ${JSON.stringify(error)}`),
    )
})

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { currentOpenApi, openApiFile } from '../testing/write-openapi.ts'

test('docs/openapi.json describes the API as it is (else: node packages/server/src/testing/write-openapi.ts)', async () => {
  assert.deepEqual(JSON.parse(await readFile(openApiFile, 'utf8')), currentOpenApi())
})

test('every reference in the description leads somewhere', () => {
  const document = currentOpenApi() as { components: { schemas: Record<string, unknown> } }
  const referred = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, target]) => target)
  assert.ok(referred.length > 10)
  for (const target of referred) {
    const [, name = ''] = /^#\/components\/schemas\/(\w+)$/.exec(target ?? '') ?? []
    assert.ok(name in document.components.schemas, target)
  }
})

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { debianPackages } from '@ramet/engine/testing'

test('npm start installs every program that the engine runs, so that doctor finds nothing missing on a new machine', async () => {
  const { run } = JSON.parse(await readFile(new URL('debian-packages.json', import.meta.url), 'utf8')) as {
    run: Record<string, string>
  }
  for (const [program, debianPackage] of Object.entries(debianPackages)) assert.equal(run[program], debianPackage, program)
})

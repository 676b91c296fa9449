import assert from 'node:assert/strict'
import { test } from 'node:test'
import { childEnvironment } from './child-environment.ts'
import { run } from './run-process.ts'

test('a program gets what it needs to find others and mirrors, and no secret of the server’s', async () => {
  const given = {
    PATH: '/bin',
    https_proxy: 'http://proxy',
    TMPDIR: '/var/tmp',
    RAMET_DATABASE: 'postgres://secret',
    RAMET_TOKEN: 'secret',
    LD_PRELOAD: 'x',
  }
  assert.deepEqual(childEnvironment(given), { PATH: '/bin', https_proxy: 'http://proxy', TMPDIR: '/var/tmp', LC_ALL: 'C' })
  process.env.RAMET_TEST_SECRET = 'canary'
  try {
    assert.doesNotMatch((await run(['env'])).stdout, /canary/)
    assert.match((await run(['env'], { env: { MORE: 'this' } })).stdout, /^MORE=this$/m)
  } finally {
    delete process.env.RAMET_TEST_SECRET
  }
})

import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseChallenge } from './challenge.ts'
import { dockerCredentials, parseBasic } from './credentials.ts'

async function withConfig(t: TestContext, config: unknown, helper?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-docker-'))
  const before = { ...process.env }
  t.after(async () => {
    process.env.DOCKER_CONFIG = before.DOCKER_CONFIG
    if (before.DOCKER_CONFIG === undefined) delete process.env.DOCKER_CONFIG
    process.env.PATH = before.PATH
    await rm(folder, { recursive: true, force: true })
  })
  process.env.DOCKER_CONFIG = folder
  await writeFile(join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config))
  if (helper === undefined) return
  process.env.PATH = `${folder}:${before.PATH}`
  const file = join(folder, 'docker-credential-test')
  await writeFile(file, `#!/bin/sh\n${helper}\n`)
  await chmod(file, 0o755)
}

const auth = Buffer.from('ann:a:b').toString('base64')

test('what docker login wrote is found by host, Docker Hub’s by its old name', async (t) => {
  await withConfig(t, {
    auths: {
      'ghcr.io': { auth },
      'https://index.docker.io/v1/': { auth: Buffer.from('hub:x').toString('base64') },
      'empty.io': {},
    },
  })
  assert.deepEqual(await dockerCredentials('ghcr.io'), { user: 'ann', password: 'a:b' })
  assert.deepEqual(await dockerCredentials('docker.io'), { user: 'hub', password: 'x' })
  for (const host of ['empty.io', 'other.io', 'evil.ghcr.io']) assert.equal(await dockerCredentials(host), undefined, host)
})

test('a helper is asked by its name, with the host on its standard input', async (t) => {
  await withConfig(
    t,
    { credHelpers: { 'ghcr.io': 'test' } },
    `read host; [ "$1" = get ] && echo "{\\"Username\\":\\"u-$host\\",\\"Secret\\":\\"s\\"}"`,
  )
  assert.deepEqual(await dockerCredentials('ghcr.io'), { user: 'u-ghcr.io', password: 's' })
  assert.equal(await dockerCredentials('other.io'), undefined)
})

test('a broken helper or file is nothing, and a helper’s name is no path', async (t) => {
  await withConfig(t, { credsStore: 'test', auths: { 'ghcr.io': { auth } } }, 'exit 1')
  assert.deepEqual(await dockerCredentials('ghcr.io'), { user: 'ann', password: 'a:b' })
  await withConfig(t, { credsStore: '../../bin/sh' })
  assert.equal(await dockerCredentials('ghcr.io'), undefined)
  await withConfig(t, '{')
  assert.equal(await dockerCredentials('ghcr.io'), undefined)
  assert.equal(parseBasic('nobody'), undefined)
})

test('challenges are read as registries send them', () => {
  assert.deepEqual(
    parseChallenge('Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull"'),
    {
      scheme: 'bearer',
      parameters: { realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:a/b:pull' },
    },
  )
  assert.deepEqual(parseChallenge('basic Realm=x'), { scheme: 'basic', parameters: { realm: 'x' } })
  assert.equal(parseChallenge('Negotiate'), undefined)
  assert.equal(parseChallenge(''), undefined)
})

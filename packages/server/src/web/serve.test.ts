import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildApp } from '../http/app.ts'
import { silent } from '../testing/start-for-test.ts'
import { stubServices } from '../testing/stub-services.ts'
import type { WebState } from './bundle.ts'

async function serve(state: WebState = 'building') {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-web-'))
  const webFolder = join(folder, 'dist')
  const app = buildApp(stubServices(), { log: silent, endpoint: 'http://127.0.0.1', webFolder, webState: () => state })
  const build = async () => {
    await mkdir(join(webFolder, 'assets'), { recursive: true })
    await writeFile(join(webFolder, 'index.html'), '<!doctype html><title>Ramet</title>')
    await writeFile(join(webFolder, 'assets/app-1a2b.js'), 'start()')
    await writeFile(join(webFolder, 'icon.svg'), '<svg/>')
    await writeFile(join(webFolder, '.sources'), 'hash')
    await writeFile(join(folder, 'secret.txt'), 'secret')
  }
  return { app, build, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

test('the web app appears as soon as it was built, each of its pages from one file', async () => {
  await using made = await serve()
  const { app, build } = made
  assert.equal((await app.inject('/')).statusCode, 503)
  await build()
  for (const path of ['/', '/runs/0123456789abcdef01234567', '/index.html']) {
    const answer = await app.inject(path)
    assert.deepEqual([answer.statusCode, answer.headers['cache-control']], [200, 'no-cache'], path)
    assert.match(answer.body, /<title>Ramet/)
    assert.match(String(answer.headers['content-security-policy']), /default-src 'self'; .*frame-ancestors 'none'/)
    assert.equal(answer.headers['x-content-type-options'], 'nosniff')
    assert.equal(answer.headers['referrer-policy'], 'no-referrer')
  }
})

test('hashed assets are kept by browsers for ever, other files are asked for again', async () => {
  await using made = await serve()
  await made.build()
  const asset = await made.app.inject('/assets/app-1a2b.js')
  assert.match(String(asset.headers['cache-control']), /immutable/)
  assert.match(String(asset.headers['content-type']), /javascript/)
  assert.equal((await made.app.inject('/icon.svg')).headers['cache-control'], 'no-cache')
})

test('what is not there is not the web app: no asset, no hidden file, nothing outside, no path of the API', async () => {
  await using made = await serve()
  await made.build()
  for (const path of [
    '/assets/gone.js',
    '/gone.png',
    '/.sources',
    '/..%2fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/api/gone',
    '/api',
  ]) {
    const answer = await made.app.inject(path)
    assert.ok(answer.statusCode === 404 || answer.statusCode === 403, `${path}: ${answer.statusCode}`)
    assert.doesNotMatch(answer.body, /secret\b(?!\.txt)|hash/, path)
    assert.equal(typeof answer.json().code, 'string', path)
    assert.doesNotMatch(String(answer.headers['cache-control']), /immutable/, path)
  }
})

for (const [state, said] of [
  ['building', /is being built/],
  ['failed', /could not be built/],
] as const) {
  test(`while the web app is ${state} a page says so and looks again by itself`, async () => {
    await using made = await serve(state)
    const answer = await made.app.inject('/')
    assert.match(answer.body, said)
    assert.match(answer.body, /http-equiv="refresh"/)
    assert.equal((await made.app.inject('/api/health')).statusCode, 200)
  })
}

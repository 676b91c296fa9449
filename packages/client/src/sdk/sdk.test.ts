import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { localMachine } from '../testing/local-machine.ts'
import { answer, startStubServer } from '../testing/stub-server.ts'
import { connect, type Ramet } from './ramet.ts'

const timeout = 30_000
const id = 'a'.repeat(24)
const at = '2026-01-01T00:00:00Z'

const play = (state: string, more: object = {}) => ({
  id,
  title: 'T',
  state,
  wanted: state === 'STOPPED' ? 'STOPPED' : 'RUNNING',
  lastStateAt: at,
  machines: [{ name: 'web', state: 'RUNNING' }],
  status: {
    machines: [{ name: 'web', state: 'RUNNING', conditions: [{ name: 'Ready', status: 'True', lastTransitionAt: at }] }],
  },
  tasks: {},
  initTasksOver: true,
  ...more,
})

/** A server that has one run, whose machine is this one. */
async function world() {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-sdk-'))
  const asked: string[] = []
  const server = await startStubServer({
    webSocket: localMachine(folder),
    request: ({ method, url }, response, body) => {
      asked.push(`${method} ${url} ${body}`.trim())
      if (url?.endsWith('/clones')) return answer(response, 200, [play('RUNNING'), play('RUNNING')])
      if (url?.endsWith('/actions')) return answer(response, 200, play('RUNNING', { wanted: 'STOPPED' }))
      if (url?.includes('/events')) return void response.writeHead(200, { 'content-type': 'text/event-stream' })
      answer(
        response,
        200,
        url === `/api/plays/${id}` && asked.some((line) => line.includes('"stop"')) ? play('STOPPED') : play('RUNNING'),
      )
    },
  })
  const ramet: Ramet = connect({ endpoint: server.endpoint, token: 't' })
  return {
    ramet,
    asked,
    folder,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

test('a command answers with its status and both outputs, and words reach it as they are', { timeout }, async () => {
  await using here = await world()
  const machine = (await here.ramet.start('debian')).machine('web')
  const words = ['printf', '%s|', "it's", '$HOME', 'a b', '']
  assert.deepEqual((await machine.exec(words)).stdout, "it's|$HOME|a b||")
  const { exitCode, stdout, stderr } = await machine.exec('echo out; echo err >&2; exit 3')
  assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 3, stdout: 'out\n', stderr: 'err\n' })
  await assert.rejects(machine.exec('echo why >&2; exit 3', { check: true }), {
    code: 'command_failed',
    message: /exited with 3: why/,
  })
})

test('output comes while the command runs, and leaving the loop ends the command', { timeout }, async () => {
  await using here = await world()
  const machine = (await here.ramet.run(id)).machine()
  const command = machine.spawn('echo first; read line; echo "got $line"; sleep 1000')
  const seen: string[] = []
  for await (const { channel, text } of command) {
    seen.push(`${channel} ${text.trim()}`)
    if (seen.length === 1) await command.write('input\n')
    if (seen.length === 2) break
  }
  assert.deepEqual(seen, ['stdout first', 'stdout got input'])
  await assert.rejects(command.exit, { code: 'connection_lost' })
})

test('a signal ends a command', { timeout }, async () => {
  await using here = await world()
  const machine = (await here.ramet.run(id)).machine()
  await assert.rejects(machine.exec('sleep 1000', { signal: AbortSignal.timeout(200) }), { code: 'connection_lost' })
})

test('much output comes whole, and no more of it than is asked for', { timeout }, async () => {
  await using here = await world()
  const machine = (await here.ramet.run(id)).machine()
  const { bytes } = await machine.exec('head -c 3000000 /dev/zero')
  assert.equal(bytes.length, 3_000_000)
})

test('files are written and read, whole and in part, and what is refused says why', { timeout }, async () => {
  await using here = await world()
  const files = (await here.ramet.run(id)).machine().files()
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 256)
  await files.write('deep/er/file', bytes)
  assert.deepEqual(new Uint8Array(await readFile(join(here.folder, 'deep/er/file'))), bytes)
  assert.deepEqual(await files.read('deep/er/file'), bytes)
  assert.deepEqual(await files.read('deep/er/file', { offset: 256, bytes: 2 }), Uint8Array.of(0, 1))
  await files.write('deep/er/file', 'ü', { append: true })
  assert.equal(await files.readText('deep/er/file', { offset: 300_000 }), 'ü')
  await assert.rejects(files.read('none'), { code: 'file_refused', message: /none/ })
})

test('a run is stopped and cloned, and each wait ends when it is so', { timeout }, async () => {
  await using here = await world()
  const run = await here.ramet.run(id)
  const clones = await run.clone({ live: true, count: 2 })
  assert.equal(clones.length, 2)
  assert.ok(here.asked.includes(`POST /api/plays/${id}/clones {"live":true,"count":2}`))
  assert.equal((await run.stop()).play.state, 'STOPPED')
  assert.throws(() => run.machine('none'), { code: 'unknown_machine' })
})

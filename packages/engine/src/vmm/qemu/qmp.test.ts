import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { migrationReaches } from './migration.ts'
import { QmpClient, QmpClosed, QmpError } from './qmp.ts'

const folder = mkdtempSync(join(tmpdir(), 'ramet-qmp-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let count = 0

/** A stand-in for QEMU: greets, then answers each line by `answer`. */
async function monitor(
  answer: (message: { execute: string; id: number }, socket: Socket) => void,
  greeting = '{"QMP":{}}\r\n',
): Promise<{ path: string; server: Server }> {
  const path = join(folder, `${count++}.sock`)
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.write(greeting)
    let rest = ''
    socket.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) answer(JSON.parse(line) as { execute: string; id: number }, socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return { path, server }
}

const polite =
  (more: Parameters<typeof monitor>[0]): Parameters<typeof monitor>[0] =>
  (message, socket) => {
    if (message.execute === 'qmp_capabilities') socket.write(`{"return":{},"id":${message.id}}\r\n`)
    else more(message, socket)
  }

test('answers find their commands by id, in whatever order they come', async () => {
  const kept: number[] = []
  const { path, server } = await monitor(
    polite(({ id }, socket) => {
      kept.push(id)
      if (kept.length === 2) for (const each of kept.reverse()) socket.write(`{"return":${each},"id":${each}}\r\n`)
    }),
  )
  const client = await QmpClient.connect(path)
  const [first, second] = await Promise.all([client.execute<number>('a'), client.execute<number>('b')])
  assert.equal(second - first, 1)
  client.close()
  server.close()
})

test('a refusal carries QEMU’s class and words', async () => {
  const { path, server } = await monitor(
    polite(({ id }, socket) => void socket.write(`{"error":{"class":"DeviceNotActive","desc":"no such"},"id":${id}}\n`)),
  )
  const client = await QmpClient.connect(path)
  await assert.rejects(
    client.execute('x'),
    (error: QmpError) => error instanceof QmpError && error.errorClass === 'DeviceNotActive' && /no such/.test(error.message),
  )
  client.close()
  server.close()
})

test('events reach listeners, also when they are cut into pieces on the way', async () => {
  const { path, server } = await monitor(
    polite(({ id }, socket) => {
      socket.write('{"event":"RES')
      setImmediate(() => socket.write(`ET","data":{"guest":true}}\r\n{"return":{},"id":${id}}\r\n`))
    }),
  )
  const client = await QmpClient.connect(path)
  const seen: unknown[] = []
  client.listen((event) => seen.push(event))
  await client.execute('x')
  assert.deepEqual(seen, [{ event: 'RESET', data: { guest: true } }])
  client.close()
  server.close()
})

test('a command whose answer never comes ends with the connection, or with its time', async () => {
  const { path, server } = await monitor(polite(({ execute }, socket) => void (execute === 'die' && socket.destroy())))
  const client = await QmpClient.connect(path)
  await assert.rejects(client.execute('wait', undefined, 50), QmpClosed)
  await assert.rejects(client.execute('die'), QmpClosed)
  await client.closed
  await assert.rejects(client.execute('late'), QmpClosed)
  server.close()
})

test('what is no QMP ends the connection instead of the server', async () => {
  const { path, server } = await monitor(() => {}, 'HTTP/1.1 400 Bad Request\r\n\r\n')
  await assert.rejects(QmpClient.connect(path, 1000), QmpClosed)
  server.close()
})

const hostileLines = {
  'an error that is null': '{"error":null,"id":ID}',
  'an error whose words are a number': '{"error":{"class":{},"desc":7},"id":ID}',
  'an answer that is null': 'null',
  'a list': '[1,[2]]',
  'events without data': '{"event":"MIGRATION","data":null}\n{"event":"MIGRATION","data":"x"}',
  'a status that no text can be made of': '{"event":"MIGRATION","data":{"status":{"toString":1,"valueOf":1}}}',
  'an id that is a list': '{"return":{},"id":[ID]}',
  'brackets without end': '['.repeat(100_000),
  'a line without end': 'x'.repeat(5 * 1024 * 1024),
} as const
for (const [what, lines] of Object.entries(hostileLines)) {
  test(`a QEMU that sends ${what} loses its connection at most`, async () => {
    const { path, server } = await monitor(polite(({ id }, socket) => socket.end(`${lines.replaceAll('ID', String(id))}\r\n`)))
    const client = await QmpClient.connect(path)
    const migrated = migrationReaches(client, ['completed'], 10_000)
    migrated.catch(() => {})
    await assert.rejects(client.execute('x'), (error) => error instanceof QmpClosed || error instanceof QmpError)
    await assert.rejects(migrated)
    client.close()
    server.close()
  })
}

test('a refusal of a hostile QEMU is short and cannot steer a terminal', async () => {
  const desc = JSON.stringify(`\x1b[2J${'x'.repeat(1e6)}`)
  const { path, server } = await monitor(
    polite(({ id }, socket) => void socket.write(`{"error":{"class":"GenericError","desc":${desc}},"id":${id}}\n`)),
  )
  const client = await QmpClient.connect(path)
  await assert.rejects(client.execute('x'), ({ message }: Error) => message.startsWith('x: ^[[2J') && message.length < 2000)
  client.close()
  server.close()
})

test('a flood of events is taken slowly, and an answer in it comes all the same', async () => {
  const flood = '{"event":"RESET","data":{"guest":false}}\n'.repeat(200_000)
  const { path, server } = await monitor(polite(({ id }, socket) => void socket.write(`${flood}{"return":"done","id":${id}}\n`)))
  const client = await QmpClient.connect(path)
  const began = performance.now()
  assert.equal(await client.execute('x'), 'done')
  // 8.2 MB: 4 at once, then 2 a second.
  assert.ok(performance.now() - began > 1_500)
  client.close()
  server.close()
})

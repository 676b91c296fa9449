import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import { type ClientMessage, outputs } from '@ramet/model/api/stream.ts'
import type { WebSocket } from 'ws'
import { binary, id, stubPlay, stubWorld } from './testing/stub-world.ts'

const timeout = 30_000

/** A machine whose every command is `cat`, and whose exit status is the number in it; what it is told is kept. */
function catMachine(state: 'RUNNING' | 'STOPPED' = 'RUNNING') {
  const heard: (ClientMessage | string)[] = []
  const typed: Buffer[] = []
  const webSocket = (socket: WebSocket, request: { url?: string | undefined }) => {
    heard.push(request.url ?? '')
    let code = 0
    const exit = () => socket.send(JSON.stringify({ type: 'exit', code }))
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) {
        typed.push(data)
        socket.send(Buffer.concat([Buffer.of(outputs.stdout), data]))
        if (data.equals(Buffer.of(4))) exit()
        return
      }
      const message = JSON.parse(data.toString()) as ClientMessage
      if (message.type !== 'ack') heard.push(message)
      if (message.type === 'exec') {
        code = Number(/\d+/.exec(message.command ?? '')?.[0] ?? 0)
        socket.send(JSON.stringify({ type: 'ready' }))
      }
      if (message.type === 'eof') exit()
    })
    if (request.url?.endsWith('/console')) socket.send(JSON.stringify({ type: 'ready' }))
  }
  return { heard, typed, world: stubWorld({ [`GET /api/plays/${id}`]: stubPlay(state) }, { webSocket }) }
}

test('ssh passes bytes both ways unchanged, and the exit status on', { timeout }, async () => {
  const { heard, world: making } = catMachine()
  await using world = await making
  const input = randomBytes(3_000_000)
  const { code, bytes, stderr } = await world.ramet(['ssh', id, '-m', 'alpha', '-u', 'me', '--', 'cat', '-;', 'exit 7'], {
    input,
  })
  assert.deepEqual([code, stderr], [7, ''])
  assert.ok(bytes.equals(input))
  assert.deepEqual(heard, [
    `/api/plays/${id}/machines/alpha/exec`,
    { type: 'exec', command: 'cat -; exit 7', user: 'me' },
    { type: 'eof' },
  ])
})

test('what ssh itself cannot do exits 255', { timeout }, async () => {
  const { world: making } = catMachine('STOPPED')
  await using world = await making
  const stopped = await world.ramet(['ssh', id, '--', 'true'])
  assert.equal(stopped.code, 255)
  assert.match(stopped.stderr, /\(action_refused\)\n {2}hint: Start the run first/)
  assert.equal((await world.ramet(['ssh', id, '-m', 'none'])).code, 255)
})

/** Waits until `what` holds, at most 10 s. */
async function until(what: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!what()) {
    assert.ok(Date.now() < deadline, `in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** A terminal of 80 x 24 with a shell command in it. */
function openTerminal(env: NodeJS.ProcessEnv, command: string) {
  const server = `ramet-${randomBytes(4).toString('hex')}`
  const tmux = (...args: string[]) => execFileSync('tmux', ['-L', server, '-f', '/dev/null', ...args], { env }).toString()
  tmux('new-session', '-d', '-x', '80', '-y', '24', command)
  return {
    type: (...keys: string[]) => tmux('send-keys', ...keys),
    resize: (cols: number, rows: number) => tmux('resize-window', '-x', String(cols), '-y', String(rows)),
    screen: () => tmux('capture-pane', '-p'),
    [Symbol.dispose]: () => void tmux('kill-server'),
  }
}

test('in a terminal a shell is raw, follows the size, and leaves the terminal as it was', { timeout }, async () => {
  const { heard, typed, world: making } = catMachine()
  await using world = await making
  using terminal = openTerminal(
    world.env,
    `TERM=vt220 ${process.execPath} ${binary} ssh ${id}; echo status $?; stty -a | grep -ow -e -icanon -e icanon; cat`,
  )
  await until(() => heard.some((message) => typeof message === 'object' && message.type === 'exec'))
  assert.deepEqual(heard[1], {
    type: 'exec',
    pty: { term: 'vt220', cols: 80, rows: 24 },
  })
  terminal.type('C-c', 'a')
  await until(() => Buffer.concat(typed).equals(Buffer.from('\x03a')))
  terminal.resize(100, 30)
  await until(() =>
    heard.some(
      (message) => typeof message === 'object' && message.type === 'resize' && message.cols === 100 && message.rows === 30,
    ),
  )
  terminal.type('C-d')
  await until(() => /status 0\nicanon/.test(terminal.screen()))
})

test('ctrl-] leaves the console, and the terminal is as it was', { timeout }, async () => {
  const { heard, typed, world: making } = catMachine()
  await using world = await making
  using terminal = openTerminal(
    world.env,
    `${process.execPath} ${binary} p machine console ${id} zeta -i; echo status $?; stty -a | grep -ow -e -icanon -e icanon; cat`,
  )
  await until(() => heard.includes(`/api/plays/${id}/machines/zeta/console`))
  await until(() => terminal.screen().includes('Attached'))
  terminal.type('x')
  await until(() => Buffer.concat(typed).toString() === 'x')
  terminal.type('C-]')
  await until(() => /status 0\nicanon/.test(terminal.screen()))
})

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import type { IncomingMessage } from 'node:http'
import { type ClientMessage, outputs } from '@ramet/model/api/stream.ts'
import type { WebSocket } from 'ws'

/** A handler of a stub server's websockets: commands run here, in `folder`, by a real sh; its programs in `bin` come first. So what is sent to machines can be tested without one. */
export const localMachine =
  (folder: string, asked: string[] = []) =>
  (socket: WebSocket, request: IncomingMessage): void => {
    if (!request.url?.endsWith('/exec')) socket.close(1008)
    let child: ChildProcessWithoutNullStreams | undefined
    // What the shell has started goes with it.
    const end = (signal: NodeJS.Signals) => {
      if (child?.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal)
    }
    const start = (command: string) => {
      asked.push(command)
      const started = spawn('sh', ['-c', command], {
        cwd: folder,
        env: { ...process.env, PATH: `${folder}/bin:${process.env.PATH}` },
        stdio: 'pipe',
        detached: true,
      })
      const send = (channel: number) => (bytes: Buffer) => socket.send(Buffer.concat([Buffer.of(channel), bytes]))
      started.stdout.on('data', send(outputs.stdout))
      started.stderr.on('data', send(outputs.stderr))
      started.stdin.on('error', () => {})
      started.on('close', (code) => {
        socket.send(JSON.stringify({ type: 'exit', code: code ?? 255 }))
        socket.close(1000)
      })
      socket.send(JSON.stringify({ type: 'ready' }))
      return started
    }
    socket.on('close', () => end('SIGKILL'))
    socket.on('message', (frame: Buffer, isBinary) => {
      if (isBinary) return void child?.stdin.write(frame)
      const message = JSON.parse(frame.toString()) as ClientMessage
      if (message.type === 'exec') child = start(message.command ?? '')
      if (message.type === 'eof') child?.stdin.end()
      if (message.type === 'signal') end(`SIG${message.name}`)
    })
  }
